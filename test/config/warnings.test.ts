/** What is accepted, and said to be doubtful. */
import { describe, expect, test } from 'bun:test'
import { loadConfiguration } from '../../src/config/load'
import { selfSignedCertificate } from '../support/certificate'
import { BASE, type Env, folder, problems, warnings } from './support'

describe('names that are no settings', () => {
  test.each([
    ['JWT_EXPIRATON', 'JWT_EXPIRATON is not a setting; did you mean JWT_EXPIRATION?'],
    ['SESION_SECRET', 'SESION_SECRET is not a setting; did you mean SESSION_SECRET?'],
    ['JWT_SECRET_FLIE', 'JWT_SECRET_FLIE is not a setting; did you mean JWT_SECRET_FILE?'],
    ['LOGIN_RATE_LIMIT_BURST', 'LOGIN_RATE_LIMIT_BURST has no effect: limits have no burst'],
    ['DEVICE_CODE_EXPIRATION', 'DEVICE_CODE_EXPIRATION has no effect: device codes live 30 minutes'],
    ['POLLING_INTERVAL', 'POLLING_INTERVAL has no effect: devices poll every 5 seconds'],
    ['ENABLE_SESSION_FINGERPRINTING', 'ENABLE_SESSION_FINGERPRINTING has no effect: use SESSION_FINGERPRINT'],
    ['JWT_SIGNING_KEY', 'JWT_SIGNING_KEY has no effect: use JWT_SECRET or JWT_PRIVATE_KEY_PEM'],
  ])('%s: one warning, in the environment and in .env', (name, message) => {
    expect(warnings({ [name]: '2' })).toEqual([message])
    expect(warnings({}, `${name}=2`)).toEqual([message])
  })
  test('what other programs use is left alone', () => {
    const env = { HOSTNAME: 'x', HOME: '/', PATH: '/bin', KUBERNETES_PORT: 'x', REDIS_PORT: '1', GITHUB_TOKEN: 'x' }
    expect(warnings({ ...env, CLIENT_ID: 'x', CLIENT_SECRET: 'x', AUTHGATE_URL: 'x', TOKEN_FILE: 'x' })).toEqual([])
  })
})

describe('doubtful values', () => {
  const httpApi = { AUTH_MODE: 'http_api', HTTP_API_URL: 'https://auth.example/' }
  test.each<[Env, string]>([
    [{ BASE_URL: 'http://id.example' }, 'BASE_URL is http for a host other than the loopback'],
    [{ TRUSTED_PROXIES: '::1,0.0.0.0/0' }, 'TRUSTED_PROXIES=0.0.0.0/0 lets every client choose its own address'],
    [{ CORS_ENABLED: 'true' }, 'CORS_ENABLED is on and CORS_ALLOWED_ORIGINS is empty'],
    [{ AUTH_CODE_EXPIRATION: '11m' }, 'AUTH_CODE_EXPIRATION is longer than the 10m RFC 6749 recommends'],
    [{ LOGIN_RATE_LIMIT: '1001' }, 'LOGIN_RATE_LIMIT is so high that it limits nothing'],
    [{ JWT_KEY_ID: 'k1' }, 'JWT_KEY_ID has no effect with HS256'],
    [{ DB_INIT_TIMEOUT: '11m' }, 'DB_INIT_TIMEOUT is longer than 10m'],
    [{ SERVER_SHUTDOWN_TIMEOUT: '6m' }, 'SERVER_SHUTDOWN_TIMEOUT is longer than 5m'],
    [{ DATABASE_DSN: 'a.db?_cache_size=9' }, 'DATABASE_DSN: option _cache_size has no effect'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=db.internal' }, 'DATABASE_DSN names no sslmode'],
    [{ OAUTH_INSECURE_SKIP_VERIFY: 'true' }, 'OAUTH_INSECURE_SKIP_VERIFY is on'],
    [{ ...httpApi, HTTP_API_INSECURE_SKIP_VERIFY: 'true' }, 'HTTP_API_INSECURE_SKIP_VERIFY is on'],
    [{ ...httpApi, HTTP_API_AUTH_MODE: 'simple', HTTP_API_AUTH_SECRET: 'k9-x' }, 'HTTP_API_AUTH_SECRET is short'],
    [{ ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' }, 'everybody who reaches the server can register clients'],
    [
      { GITHUB_OAUTH_ENABLED: 'true', GITHUB_CLIENT_ID: 'x' },
      'GitHub OAuth enabled but CLIENT_ID or CLIENT_SECRET missing',
    ],
    [{ GITEA_OAUTH_ENABLED: 'true' }, 'Gitea OAuth enabled but URL, CLIENT_ID or CLIENT_SECRET missing'],
    [{ GITLAB_OAUTH_ENABLED: 'true' }, 'GitLab OAuth enabled but CLIENT_ID or CLIENT_SECRET missing'],
    [{ OIDC_OAUTH_ENABLED: 'true' }, 'OIDC OAuth enabled but ISSUER, CLIENT_ID or CLIENT_SECRET missing'],
    [
      { MICROSOFT_OAUTH_ENABLED: 'true', MICROSOFT_EMAIL_DOMAINS: 'x.example' },
      'MICROSOFT_EMAIL_DOMAINS has no effect unless MICROSOFT_TENANT_ID is the id of one tenant',
    ],
    [{ MICROSOFT_OAUTH_ENABLED: 'true' }, 'MICROSOFT_TENANT_ID=common with OAUTH_AUTO_REGISTER=true'],
    [
      { GITHUB_OAUTH_ENABLED: 'true', GITHUB_REDIRECT_URL: 'https://other.example/auth/callback/github' },
      'GITHUB_REDIRECT_URL is not on the server of BASE_URL',
    ],
  ])('%j', (env, message) => {
    expect(warnings(env).join('\n')).toContain(message)
  })

  test('registration with an initial access token, or switched off, is nothing doubtful', () => {
    const token = { DYNAMIC_CLIENT_REGISTRATION_TOKEN: 'c3f1a9d27b604e58' }
    expect(warnings({ ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true', ...token })).toEqual([])
    expect(warnings({})).toEqual([])
  })

  test('a local PostgreSQL needs no sslmode', () => {
    for (const dsn of ['host=/run/postgresql', 'host=127.0.0.1', 'postgres://localhost/d', 'host=::1'])
      expect(warnings({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: dsn })).toEqual([])
  })

  test('a plain http service for passwords is accepted on the loopback only', () => {
    const found = (url: string, env: Env = {}) => problems({ ...httpApi, HTTP_API_URL: url, ...env }).join('\n')
    expect(found('http://127.0.0.1:9/verify')).not.toContain('HTTP_API_URL')
    expect(found('http://auth.example')).toContain('HTTP_API_URL must be https')
    expect(found('http://auth.example', { HTTP_API_INSECURE_SKIP_VERIFY: 'true' })).not.toContain('HTTP_API_URL')
  })

  test('a certificate is refused when it has ended or not begun, and warned about when it ends soon', () => {
    const { certFile, keyFile } = selfSignedCertificate(folder(), 'localhost')
    const inDays = (days: number) =>
      loadConfiguration({
        env: { ...BASE, TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile },
        cwd: folder(),
        write: false,
        nowMs: Date.now() + days * 86_400_000,
      })
    expect(inDays(1).warnings).toEqual([])
    expect(inDays(1).settings.tls).toBeDefined()
    expect(inDays(1).settings.secureCookies).toBe(true)
    expect(inDays(20).warnings.join()).toContain('expires on')
    expect(() => inDays(31)).toThrow('expired')
    expect(() => inDays(-2)).toThrow('not valid yet')
  })
})
