/**
 * Starts an executable as an operator does the first time (an empty folder, no settings, no network beyond loopback)
 * and looks at what it promises: `bun scripts/smoke.ts [executable]`. Exits with 1 at the first broken promise.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from '../test/support/daemon'
import { freePort } from '../test/support/ports'

const executable = process.argv[2]
if (executable) process.env.AUTHGATE_TEST_BINARY = executable
const { runBinary, startBinary } = await import('../test/support/binary')

function promise(what: string, kept: boolean, seen: unknown): void {
  console.log(`${kept ? 'ok    ' : 'BROKEN'} ${what}`)
  if (!kept) throw new Error(`${what}; seen: ${seen}`)
}

const version = await runBinary(['version'])
promise(
  '`version` names the version',
  version.exitCode === 0 && /^AuthGate version \S+/m.test(version.stdout),
  version.stdout,
)

const folder = temporaryFolder('smoke')
const address = `127.0.0.1:${await freePort()}`
const healthcheck = () => runBinary(['healthcheck'], { env: { SERVER_ADDR: address, BASE_URL: `http://${address}` } })
try {
  const before = await healthcheck()
  promise('`healthcheck` fails while no server runs', before.exitCode !== 0, before.exitCode)

  const server = await startBinary({ folder, env: { SERVER_ADDR: address } })
  try {
    const health = await server.fetch('/health')
    promise('/health answers 200', health.status === 200, health.status)
    const during = await healthcheck()
    promise('`healthcheck` succeeds', during.exitCode === 0, `${during.exitCode} ${during.stdout}${during.stderr}`)

    const credentials = join(folder, 'authgate-credentials.txt')
    promise('authgate-credentials.txt was written', existsSync(credentials), server.log())
    const mode = (statSync(credentials).mode & 0o777).toString(8)
    promise('only its owner may read it', mode === '600', mode)
    const password = /^Admin Password: (\S+)$/m.exec(await Bun.file(credentials).text())?.[1]
    promise('it holds the password of admin', password !== undefined, '(not shown)')
    promise('the log does not', !server.log().includes(password ?? ''), '(not shown)')
  } finally {
    const exitCode = await server.stop()
    promise('SIGTERM ends it with exit code 0', exitCode === 0, `${exitCode}\n${server.log()}`)
  }
} finally {
  removeFolder(folder)
}
