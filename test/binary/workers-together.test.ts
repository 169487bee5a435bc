/** What several processes behind one port answer as one server: keys, certificate, metrics, pace of devices. */
import { afterEach, expect, test } from 'bun:test'
import { copyFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type RunningBinary, runBinary, startBinary } from '../support/binary'
import { selfSignedCertificate } from '../support/certificate'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'

const folder = temporaryFolder('workers-together')
let server: RunningBinary | undefined
afterEach(async () => {
  await server?.kill()
  removeFolder(folder)
})

const path = (name: string) => join(folder, name)
const CONNECTIONS = 12

/** Over a connection of its own, so that the kernel chooses the worker anew. */
const ask = (url: string, form?: Record<string, string>) =>
  fetch(url, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    headers: { connection: 'close' },
    tls: { rejectUnauthorized: false },
  })

const certificateOf = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
    socket.on('error', reject)
  })

const manyTimes = async <T>(work: () => Promise<T>): Promise<Set<T>> => {
  const found = new Set<T>()
  for (let n = 0; n < CONNECTIONS; n += 1) found.add(await work())
  return found
}

test.if(availableParallelism() > 1)(
  'WORKERS=auto: one server to whoever asks',
  async () => {
    await runBinary(['keys', 'generate', '--out', 'signing.pem'], { folder })
    const [first, second] = [selfSignedCertificate(folder, 'localhost'), selfSignedCertificate(folder, 'localhost')]
    const install = ({ certFile, keyFile }: typeof first) => {
      copyFileSync(certFile, path('tls.crt'))
      copyFileSync(keyFile, path('tls.key'))
    }
    install(first)
    const [port, metricsPort] = [await freePort(), await freePort()]
    const url = `https://127.0.0.1:${port}`
    const running = await startBinary({
      folder,
      ca: await Bun.file(first.certFile).text(),
      env: {
        WORKERS: 'auto',
        LOG_FORMAT: 'json',
        SERVER_ADDR: `127.0.0.1:${port}`,
        BASE_URL: url,
        ...{ TLS_CERT_FILE: path('tls.crt'), TLS_KEY_FILE: path('tls.key') },
        ...{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: path('signing.pem') },
        ...{ METRICS_ENABLED: 'true', METRICS_ALLOW_ANONYMOUS: 'true', METRICS_ADDR: `127.0.0.1:${metricsPort}` },
      },
    })
    server = running
    const serving = () => running.log().split('"Worker serves"').length - 1
    await eventually('all workers', async () => (serving() === availableParallelism() ? true : undefined))

    // A device that polls at once again is told to slow down, whichever process it met before.
    const { clientId } = readCredentials(folder)
    const device = async () =>
      ((await (await ask(`${url}/oauth/device/code`, { client_id: clientId })).json()) as { device_code: string })
        .device_code
    const poll = async (code: string) => {
      const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
      const answer = await ask(`${url}/oauth/token`, { grant_type, client_id: clientId, device_code: code })
      return ((await answer.json()) as { error: string }).error
    }
    const codes = await Promise.all(Array.from({ length: CONNECTIONS }, device))
    expect(new Set(await Promise.all(codes.map(poll)))).toEqual(new Set(['authorization_pending']))
    await Bun.sleep(400)
    expect(new Set(await Promise.all(codes.map(poll)))).toEqual(new Set(['slow_down']))

    // Sums, each series once, and nowhere else.
    const metrics = await (await ask(`https://127.0.0.1:${metricsPort}/metrics`)).text()
    const series = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')))
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    const polls = series.filter((line) => /^http_requests_total\{.*path="\/oauth\/token"/.test(line))
    expect(polls.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)).toBe(2 * CONNECTIONS)
    expect((await ask(`${url}/metrics`)).status).toBe(404)

    // SIGHUP: every process has the new key and the new certificate.
    const kids = async () => {
      const { keys } = (await (await ask(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
      return keys.map(({ kid }) => kid).join()
    }
    const before = [await manyTimes(kids), await manyTimes(() => certificateOf(port))]
    expect(before.map(({ size }) => size)).toEqual([1, 1])
    await runBinary(['keys', 'generate', '--out', 'other.pem'], { folder })
    copyFileSync(path('other.pem'), path('signing.pem'))
    install(second)
    running.signal('SIGHUP')
    const renewed = async () => {
      const after = [await manyTimes(kids), await manyTimes(() => certificateOf(port))]
      const isNew = after.every((found, at) => found.size === 1 && before[at]?.isDisjointFrom(found as Set<never>))
      return isNew ? true : undefined
    }
    await eventually('the new key and certificate everywhere', renewed)
    expect(await running.stop()).toBe(0)
  },
  40_000,
)
