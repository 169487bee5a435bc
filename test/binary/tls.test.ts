/** TLS from files: versions, reload by SIGHUP, health check. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { type RunningBinary, runBinary, startBinary } from '../support/binary'
import { type CertificateFiles, selfSignedCertificate } from '../support/certificate'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { startLoad } from '../support/steady-load'
import { unfinishedRequest } from '../support/unfinished-request'

let folder: string
let server: RunningBinary
let env: Record<string, string>
let former: CertificateFiles
let port: number

beforeEach(async () => {
  folder = temporaryFolder('tls')
  former = selfSignedCertificate(folder, 'localhost')
  port = await freePort()
  install(former)
  env = {
    SERVER_ADDR: `127.0.0.1:${port}`,
    BASE_URL: `https://localhost:${port}/auth`,
    TLS_CERT_FILE: join(folder, 'cert.pem'),
    TLS_KEY_FILE: join(folder, 'key.pem'),
    ENABLE_RATE_LIMIT: 'false',
  }
  server = await startBinary({ folder, env, ca: readFileSync(former.certFile, 'utf8') })
})
afterEach(async () => {
  await server.kill()
  removeFolder(folder)
})

const install = ({ certFile, keyFile }: CertificateFiles) => {
  copyFileSync(certFile, join(folder, 'cert.pem'))
  copyFileSync(keyFile, join(folder, 'key.pem'))
}

const open = (options: object = {}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket))
    socket.on('error', reject)
  })

const beginRequest = async () =>
  unfinishedRequest(await open(), '/auth/oauth/device/code', readCredentials(folder).clientId)

/** What a new connection is shown. */
async function shownCertificate(): Promise<string> {
  const socket = await open()
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256.replaceAll(':', '').toLowerCase()
}
const fingerprint = ({ certFile }: CertificateFiles): string => {
  const der = Buffer.from(readFileSync(certFile, 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return new Bun.CryptoHasher('sha256').update(der).digest('hex')
}
const logged = (text: string) => eventually(text, async () => (server.log().includes(text) ? true : undefined))

describe('TLS', () => {
  test('TLS 1.2 and newer are spoken, older versions are refused (RFC 8996)', () => {
    const speak = (version: string) =>
      Bun.spawnSync(['openssl', 's_client', '-connect', `127.0.0.1:${port}`, version, '-cipher', 'ALL:@SECLEVEL=0'], {
        stdin: 'ignore',
      }).exitCode
    expect([speak('-tls1_1'), speak('-tls1_2'), speak('-tls1_3')]).toEqual([1, 0, 0])
  })

  test('plain HTTP on the same port gets no answer of the server', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    expect(answer?.status ?? 0).not.toBe(200)
  })

  test('healthcheck finds the server: its certificate, its address, its prefix; not through a proxy', async () => {
    const proxies = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' }
    const { exitCode, stdout } = await runBinary(['healthcheck'], { folder, env: { ...env, ...proxies } })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'healthy\n' })
  })
})

describe('SIGHUP', () => {
  test('new connections see the new certificate; a request that runs on the former one ends normally', async () => {
    const request = await beginRequest()

    const next = selfSignedCertificate(folder, 'localhost')
    install(next)
    expect(await shownCertificate()).toBe(fingerprint(former))
    server.signal('SIGHUP')
    await logged('TLS certificate reloaded')
    for (let n = 0; n < 20; n += 1) expect(await shownCertificate()).toBe(fingerprint(next))

    request.finish()
    await eventually('the answer', async () => (request.received().includes('"device_code":') ? true : undefined))
    expect(await server.stop()).toBe(0)
  })

  test('a request on the former certificate is waited for at shutdown, and SIGHUP then does nothing', async () => {
    const request = await beginRequest()
    server.signal('SIGHUP')
    await logged('TLS certificate reloaded')
    server.signal('SIGTERM')
    await logged('Shutting down server')
    server.signal('SIGHUP')
    await Bun.sleep(200)
    await expect(open()).rejects.toThrow()
    request.finish()
    expect(await server.exited).toBe(0)
    expect(await request.answer).toContain('"device_code":')
  })

  test('no request fails while certificates are exchanged under load', async () => {
    const load = startLoad({ url: server.url })
    for (let n = 1; n <= 4; n += 1) {
      await Bun.sleep(100)
      install(selfSignedCertificate(folder, 'localhost'))
      server.signal('SIGHUP')
      const reloads = () => server.log().split('TLS certificate reloaded').length - 1
      await eventually('the reload', async () => (reloads() === n ? true : undefined))
    }
    expect(await load.stop()).toEqual([])
    expect(load.answered()).toBeGreaterThan(100)
    expect(await server.stop()).toBe(0)
  })

  test('files that cannot serve change nothing, and the log says why', async () => {
    const other = selfSignedCertificate(folder, 'localhost')
    copyFileSync(other.certFile, join(folder, 'cert.pem'))
    server.signal('SIGHUP')
    await logged('do not belong together')
    expect(await shownCertificate()).toBe(fingerprint(former))

    writeFileSync(join(folder, 'key.pem'), 'nonsense')
    server.signal('SIGHUP')
    await logged('holds no unencrypted PEM private key')
    expect(await shownCertificate()).toBe(fingerprint(former))

    install(other)
    server.signal('SIGHUP')
    await logged('TLS certificate reloaded')
    expect(await shownCertificate()).toBe(fingerprint(other))
  })

  test('a second server cannot join the port that the reload shares', async () => {
    const { exitCode, stderr } = await runBinary(['server'], { env })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('address already in use')
  })
})
