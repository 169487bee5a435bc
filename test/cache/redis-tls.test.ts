/** Redis that is reached over TLS only, asks for a certificate, and knows its users: limits, caches and `doctor`. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { lookAtRedis } from '../../src/doctor/redis'
import { bearer, issueTokens } from '../oauth/support'
import { openTestApp } from '../support/app'
import { type CertificateFiles, selfSignedCertificate } from '../support/certificate'
import { type Daemon, eventually, removeFolder, startDaemon, temporaryFolder } from '../support/daemon'
import { redisProgram } from '../support/parts'
import { freePort } from '../support/ports'
import { testSettings } from '../support/settings'
import { suiteNeeds } from '../support/skip'

const USER = 'user gate on >open-sesame ~authgate:* ~ratelimit:* &authgate:* &__redis__:invalidate +@all'

suiteNeeds('redis')('Redis over TLS', () => {
  const folder = temporaryFolder('redis-tls')
  let files: CertificateFiles
  let daemon: Daemon
  let settings: Record<string, string>
  beforeAll(async () => {
    files = selfSignedCertificate(folder, 'localhost')
    const { certFile, keyFile } = files
    const port = String(await freePort())
    daemon = await startDaemon(
      [
        redisProgram() ?? '',
        ...['--port', '0', '--tls-port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
        ...['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile],
        ...['--tls-auth-clients', 'yes', ...USER.split(' ').flatMap((word, n) => (n === 0 ? [`--${word}`] : [word]))],
      ],
      { folder, signal: 'TERM' },
    )
    settings = {
      REDIS_ADDR: `rediss://localhost:${port}/2`,
      REDIS_USERNAME: 'gate',
      REDIS_PASSWORD: 'open-sesame',
      REDIS_TLS_CA_FILE: certFile,
      REDIS_TLS_CERT_FILE: certFile,
      REDIS_TLS_KEY_FILE: keyFile,
      ENABLE_RATE_LIMIT: 'true',
      RATE_LIMIT_STORE: 'redis',
      TOKEN_CACHE_ENABLED: 'true',
      TOKEN_CACHE_TYPE: 'redis-aside',
      USER_CACHE_TYPE: 'redis',
    }
    await eventually('Redis over TLS', async () => ((await look()).startsWith('ok') ? true : undefined))
  })
  afterAll(async () => {
    await daemon.stop()
    removeFolder(folder)
  })
  const look = async (changed: Record<string, string> = {}): Promise<string> => {
    const [finding] = await lookAtRedis(testSettings({ ...settings, ...changed }))
    return `${finding?.level} ${finding?.text}`
  }

  test('an authority, a certificate and a user of its own: limits and caches are in Redis', async () => {
    const app = await openTestApp({ settings })
    const { access_token } = await issueTokens(app, { user: await app.insertUser(), client: await app.insertClient() })
    const metrics = () => app.ctx.metrics.registry.metrics()
    await eventually('a copy', async () => {
      expect((await app.get('/oauth/tokeninfo', { headers: bearer(access_token) })).status).toBe(200)
      return /^cache_hits_total\{cache_name="token"[^\n]* [1-9]/m.test(await metrics()) ? true : undefined
    })
    await app.ctx.limits?.take('tls', 9)
    expect((await app.ctx.limits?.take('tls', 9))?.remaining).toBe(7)
    expect(await metrics()).not.toMatch(/^ratelimit_backend_errors_total [1-9]/m)
    await app.close()
  })

  test('without the authority, without a certificate, by another user: refused [SEC]', async () => {
    expect(await look({ REDIS_TLS_CA_FILE: '' })).toMatch(/^fail .*its certificate is not trusted/)
    expect(await look({ REDIS_TLS_CERT_FILE: '', REDIS_TLS_KEY_FILE: '' })).toMatch(/^fail /)
    expect(await look({ REDIS_USERNAME: 'nobody' })).toMatch(/^fail .*login refused/)
    const other = selfSignedCertificate(folder, 'localhost')
    expect(await look({ REDIS_TLS_CA_FILE: other.certFile })).toMatch(/^fail .*its certificate is not trusted/)
  })
})
