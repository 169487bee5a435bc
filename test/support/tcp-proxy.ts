/** A TCP proxy that fails as networks do. */
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './ports'

export interface TcpProxy {
  readonly port: number
  /** Resets every open connection; new ones are forwarded. */
  cut(): void
  /** Nothing more passes through the connections that are open, without their ends being told; new ones are forwarded. */
  strand(): void
  /** Nothing passes through new connections either, until `restore`. */
  silence(): void
  restore(): void
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  stranded: boolean
}

/** Forwards to a port of the loopback interface. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const port = await freePort()
  const pairs = new Set<Pair>()
  let silent = false

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const pair: Pair = { near, far, stranded: silent }
    pairs.add(pair)
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (chunk) => {
        if (!pair.stranded) to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        pairs.delete(pair)
        to.destroy()
      })
    }
    forward(near, far)
    forward(far, near)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  const strand = () => {
    for (const pair of pairs) pair.stranded = true
  }
  const cut = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy()
      far.destroy()
    }
  }
  return {
    port,
    cut,
    strand,
    silence: () => {
      silent = true
      strand()
    },
    restore: () => {
      silent = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
