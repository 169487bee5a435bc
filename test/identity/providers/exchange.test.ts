/** What is the same at every provider: the authorization request, the exchange, and answers that are none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Provider } from '../../../src/identity/providers/provider'
import { selfSignedCertificate } from '../../support/certificate'
import { startGitea } from '../../support/providers/gitea'
import { startGitHub } from '../../support/providers/github'
import { startGitLab } from '../../support/providers/gitlab'
import { startMicrosoft } from '../../support/providers/microsoft'
import { startOidc } from '../../support/providers/oidc'
import { json, type ProviderServer, type ProviderServerOptions } from '../../support/providers/provider-server'
import { failureOf, theProvider, visit } from '../../support/providers/visit'

const MEGABYTE = 1024 * 1024

interface Started {
  readonly server: ProviderServer
  readonly settings: Record<string, string>
}

interface Known {
  readonly start: (options?: Pick<ProviderServerOptions, 'tls'>) => Promise<Started>
  readonly token: string
  readonly profile: string
  readonly credentials: 'basic' | 'post'
  readonly scope: string
  readonly isOpenId: boolean
}

const TENANT_ID = '11111111-2222-4333-8444-555555555555'
const TENANT = `/${TENANT_ID}/oauth2/v2.0/token`

const KNOWN: Record<string, Known> = {
  github: {
    start: startGitHub,
    token: '/login/oauth/access_token',
    profile: '/api/v3/user',
    credentials: 'post',
    scope: 'user:email',
    isOpenId: false,
  },
  gitea: {
    start: startGitea,
    token: '/login/oauth/access_token',
    profile: '/api/v1/user',
    credentials: 'basic',
    scope: 'read:user',
    isOpenId: false,
  },
  gitlab: {
    start: startGitLab,
    token: '/oauth/token',
    profile: '/api/v4/user',
    credentials: 'basic',
    scope: 'read_user',
    isOpenId: false,
  },
  microsoft: {
    start: (options) => startMicrosoft(TENANT_ID, options),
    token: TENANT,
    profile: '/v1.0/me',
    credentials: 'post',
    scope: 'openid profile email User.Read',
    isOpenId: true,
  },
  oidc: {
    start: startOidc,
    token: '/token',
    profile: '/keys',
    credentials: 'basic',
    scope: 'openid profile email',
    isOpenId: true,
  },
}

describe.each(Object.entries(KNOWN))('%s', (name, { start, token, profile, credentials, scope, isOpenId }) => {
  let server: ProviderServer
  let provider: Provider
  let settings: Record<string, string>

  beforeAll(async () => {
    ;({ server, settings } = await start())
    provider = theProvider({ ...settings, OAUTH_TIMEOUT: '700ms' })
  })
  beforeEach(() => server.reset())
  afterAll(() => server.stop())

  test('[SEC] the request has PKCE with S256, our redirect URI, the state, and no wish for offline access', async () => {
    const url = await provider.authorizationUrl({ state: 's=', codeVerifier: 'v'.repeat(43), nonce: 'n', fresh: false })
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: `${name}-client`,
      redirect_uri: `http://localhost:8080/auth/callback/${name}`,
      scope,
      state: 's=',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      ...(isOpenId && { nonce: 'n' }),
    })
  })

  test('<NAME>_REDIRECT_URL is sent as it is written', async () => {
    const other = theProvider({ ...settings, [`${name.toUpperCase()}_REDIRECT_URL`]: 'http://localhost:8080/x/' })
    const url = await other.authorizationUrl({ state: 's', codeVerifier: 'v'.repeat(43), nonce: 'n', fresh: false })
    expect(url.searchParams.get('redirect_uri')).toBe('http://localhost:8080/x/')
  })

  test(`[SEC] one exchange with the verifier, credentials by ${credentials} only`, async () => {
    await visit(provider)
    const [exchange, ...more] = server.at(token)
    expect(more).toEqual([])
    expect(exchange?.form.get('code_verifier')).toBe('v'.repeat(43))
    const [, encoded = ''] = (exchange?.headers.get('authorization') ?? '').split(' ')
    const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':')
    const decoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
    const sent =
      credentials === 'basic'
        ? { id: decoded(id), secret: decoded(secret) }
        : { id: exchange?.form.get('client_id'), secret: exchange?.form.get('client_secret') }
    expect(sent).toEqual({
      id: settings[`${name.toUpperCase()}_CLIENT_ID`],
      secret: settings[`${name.toUpperCase()}_CLIENT_SECRET`],
    })
    if (credentials === 'basic') expect(exchange?.form.has('client_secret')).toBe(false)
    else expect(exchange?.headers.has('authorization')).toBe(false)
  })

  test('[SEC] a code is redeemed with its own verifier only', async () => {
    expect(await failureOf(visit(provider, { codeVerifier: 'x'.repeat(43) }))).toBe(
      'exchange: status 400 invalid_grant',
    )
  })

  test.each<[string, () => Response | Promise<Response>, string]>([
    ['an error with status 200', () => json({ error: 'bad_verification_code' }), 'refused bad_verification_code'],
    ['no token', () => json({ token_type: 'bearer' }), 'the answer holds no token'],
    ['a token of a wrong type', () => json({ access_token: 7 }), 'the answer holds no token'],
    ['an empty token', () => json({ access_token: '' }), 'the answer holds no token'],
    [
      'broken JSON',
      () => new Response('{"access_token":', { headers: { 'content-type': 'application/json' } }),
      'the answer is no JSON',
    ],
    ['a list', () => json([]), 'the answer is no JSON object'],
    ['null', () => json(null), 'the answer is no JSON object'],
    [
      'a refusal',
      () => json({ error: 'invalid_client', error_description: 'secret' }, 401),
      'status 401 invalid_client',
    ],
    ['a failure', () => new Response('<h1>secret</h1>', { status: 500 }), 'status 500'],
    ['a redirect', () => Response.redirect('http://127.0.0.1:1/', 307), 'status 307'],
    ['more than a megabyte', () => new Response('x'.repeat(MEGABYTE + 1)), 'too_large'],
    [
      'an endless answer',
      () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })),
      'too_large',
    ],
    [
      'a slow answer',
      async () => {
        await Bun.sleep(1_500)
        return json({ access_token: 'late' })
      },
      'timeout',
    ],
  ])('[SEC] the exchange answers %s', async (_, answer, reason) => {
    server.instead.set(token, answer)
    expect(await failureOf(visit(provider))).toBe(`exchange: ${reason}`)
    expect(server.at(token)).toHaveLength(1)
    expect(server.at(profile)).toEqual([])
  })

  test.each<[string, () => Response | Promise<Response>, string]>([
    ['a refusal', () => json({ message: 'secret' }, 401), 'status 401'],
    ['created', () => json({ id: 1 }, 201), 'status 201'],
    ['a redirect', () => Response.redirect('http://127.0.0.1:1/', 302), 'status 302'],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } }), 'no JSON'],
    ['a list', () => json([]), 'the answer is no JSON object'],
    ['more than a megabyte', () => new Response('x'.repeat(MEGABYTE + 1)), 'too_large'],
    [
      'nothing for long',
      async () => {
        await Bun.sleep(1_500)
        return json({})
      },
      'timeout',
    ],
  ])('[SEC] the profile (or the list of keys) answers %s', async (_, answer, reason) => {
    server.instead.set(profile, answer)
    const anew = theProvider({ ...settings, OAUTH_TIMEOUT: '700ms' })
    const failure = await failureOf(visit(anew))
    expect(failure).toStartWith('profile: ')
    expect(failure).toContain(reason)
  })

  test('[SEC] the token goes to the profile in the header, and an answer of another host is not redeemed', async () => {
    server.back = { iss: 'https://evil.example' }
    expect(await failureOf(visit(provider))).toBe('exchange: the answer is of another issuer')
    expect(server.at(token)).toEqual([])
  })
})

describe('answers that are forms', () => {
  test.each(['application/x-www-form-urlencoded', 'text/plain; charset=utf-8'])('%s', async (type) => {
    const { server, settings } = await startGitHub()
    const headers = { 'content-type': type }
    server.instead.set('/login/oauth/access_token', () => new Response('access_token=form-token&scope=x', { headers }))
    expect((await visit(theProvider(settings))).subject).toBe('583231')
    expect(server.at('/api/v3/user')[0]?.headers.get('authorization')).toBe('Bearer form-token')
    expect(server.at('/api/v3/user')[0]?.headers.get('user-agent')).toBe('AuthGate')
    server.instead.set('/login/oauth/access_token', () => new Response('error=bad_code', { headers }))
    expect(await failureOf(visit(theProvider(settings)))).toBe('exchange: refused bad_code')
    await server.stop()
  })
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'authgate-provider-'))
  const certificate = selfSignedCertificate(folder, 'localhost')
  const files = { cert: readFileSync(certificate.certFile, 'utf8'), key: readFileSync(certificate.keyFile, 'utf8') }
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const attempt = { state: 's', codeVerifier: 'v'.repeat(43), nonce: 'n', fresh: false }

  test('[SEC] an unknown certificate is refused; OIDC_CA_FILE, OUTGOING_CA_FILE or no verification accept it', async () => {
    const { server, settings } = await startOidc({ tls: files })
    const start = (more: Record<string, string>) =>
      failureOf(theProvider({ ...settings, ...more }).authorizationUrl(attempt))
    expect(await start({})).toStartWith('start: unreachable: ')
    expect(await start({ GITHUB_CA_FILE: certificate.certFile })).toStartWith('start: unreachable: ')
    expect(await start({ OIDC_CA_FILE: certificate.certFile })).toBe('')
    expect(await start({ OUTGOING_CA_FILE: certificate.certFile })).toBe('')
    expect(await start({ OAUTH_INSECURE_SKIP_VERIFY: 'true' })).toBe('')
    await server.stop()
  })

  test.each(Object.entries(KNOWN))('[SEC] %s is trusted by its own CA file, and by no other’s', async (name, known) => {
    const { server, settings } = await known.start({ tls: files })
    const redeem = (more: Record<string, string>) => {
      const returned = { code: 'unknown', iss: undefined, codeVerifier: 'v'.repeat(43), nonce: 'n', fresh: false }
      const provider = theProvider({ ...settings, ...more })
      return failureOf(provider.account({ ...returned, startedAt: new Date() }))
    }
    const another = name === 'gitea' ? 'GITLAB_CA_FILE' : 'GITEA_CA_FILE'
    for (const refused of [{}, { [another]: certificate.certFile }])
      expect(await redeem(refused)).toMatch(/^(start|exchange|profile): unreachable/)
    expect(server.at(known.token)).toEqual([])
    const own = { [`${name.toUpperCase()}_CA_FILE`]: certificate.certFile }
    expect(await redeem(own)).toBe('exchange: status 400 invalid_grant')
    await server.stop()
  })
})
