/** Free TCP ports for servers under test. */
import { createServer } from 'node:net'

// Below the range from which the kernel takes the ports of outgoing connections (32768 and up on Linux), so that no
// client socket of a neighbouring test grabs a port between its choice here and its use.
const LOWEST = 20_000
const HIGHEST = 32_000

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })

/** A port of the loopback interface that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}
