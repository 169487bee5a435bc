/** ID tokens of other providers (OIDC Core §3.1.3.7), and what they publish about themselves. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair } from 'jose'
import { createProviders } from '../../../src/identity/providers'
import type { Provider } from '../../../src/identity/providers/provider'
import { startGitLab } from '../../support/providers/gitlab'
import { startMicrosoft } from '../../support/providers/microsoft'
import { startOidc } from '../../support/providers/oidc'
import { json, type ProviderServer } from '../../support/providers/provider-server'
import { failureOf, theProvider, visit } from '../../support/providers/visit'
import { testSettings } from '../../support/settings'

let oidc: Awaited<ReturnType<typeof startOidc>>
let provider: Provider

beforeAll(async () => {
  oidc = await startOidc()
})
beforeEach(() => {
  oidc.server.reset()
  for (const name of Object.keys(oidc.metadata)) delete oidc.metadata[name]
  provider = theProvider(oidc.settings)
})
afterAll(() => oidc.server.stop())

const seconds = (): number => Math.floor(Date.now() / 1000)

describe('[SEC] an ID token is refused', () => {
  test.each<[string, () => Record<string, unknown>, string]>([
    ['of another issuer', () => ({ iss: 'https://other.example' }), 'iss'],
    ['of an issuer with a slash more', () => ({ iss: `${oidc.server.url}/` }), 'iss'],
    ['without issuer', () => ({ iss: undefined }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['for another audience', () => ({ aud: 'other-client' }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['without audience', () => ({ aud: undefined }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['for several parties without azp', () => ({ aud: ['oidc-client', 'other-client'] }), 'azp'],
    ['given to another party', () => ({ aud: ['oidc-client', 'x'], azp: 'x' }), 'azp'],
    ['with a foreign azp alone', () => ({ azp: 'x' }), 'azp'],
    ['that has expired', () => ({ exp: seconds() - 120 }), 'ERR_JWT_EXPIRED'],
    ['without expiry', () => ({ exp: undefined }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['that is not yet valid', () => ({ nbf: seconds() + 600 }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['without iat', () => ({ iat: undefined }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['with another nonce', () => ({ nonce: 'x' }), 'nonce'],
    ['without nonce', () => ({ nonce: undefined }), 'nonce'],
    ['with a nonce of another type', () => ({ nonce: 7 }), 'nonce'],
    ['without subject', () => ({ sub: undefined }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['with an empty subject', () => ({ sub: '' }), 'sub'],
    ['signed with an unknown key id', () => ({ kid: 'unknown' }), 'ERR_JWKS_NO_MATCHING_KEY'],
  ])('%s', async (_, claims, reason) => {
    oidc.server.claims = claims()
    expect(await failureOf(visit(provider))).toBe(`profile: ID token refused: ${reason}`)
  })

  test('with a wrong signature', async () => {
    oidc.server.signWith = (await generateKeyPair('ES256')).privateKey
    expect(await failureOf(visit(provider))).toBe('profile: ID token refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  test.each<[string, string | undefined, string]>([
    ['none at all', undefined, 'no ID token'],
    ['no JWT', 'abc', 'ERR_JWS_INVALID'],
    ['unsigned (alg none)', `${b64({ alg: 'none' })}.${b64({ sub: 'x' })}.`, 'ERR_JOSE_ALG_NOT_ALLOWED'],
    ['HS256 with the client secret', `${b64({ alg: 'HS256' })}.${b64({ sub: 'x' })}.AAAA`, 'ERR_JOSE_ALG_NOT_ALLOWED'],
  ])('%s', async (_, token, reason) => {
    oidc.server.instead.set('/token', () => json({ access_token: 'a', ...(token && { id_token: token }) }))
    expect(await failureOf(visit(provider))).toBe(`profile: ID token refused: ${reason}`)
  })
})

/** What Microsoft and GitLab say about who signed in is believed on the same terms. */
describe.each([
  ['microsoft', () => startMicrosoft(), {}],
  ['gitlab', () => startGitLab(), { GITLAB_SCOPES: 'openid,profile,email' }],
] as const)('[SEC] an ID token of %s is refused', (_kind, start, more) => {
  let started: { readonly server: ProviderServer; readonly settings: Record<string, string> }
  beforeAll(async () => {
    started = await start()
  })
  beforeEach(() => started.server.reset())
  afterAll(() => started.server.stop())
  const refusal = () => failureOf(visit(theProvider({ ...started.settings, ...more })))

  test.each<[string, () => Record<string, unknown>, string]>([
    ['that has expired', () => ({ exp: seconds() - 120 }), 'ERR_JWT_EXPIRED'],
    ['for another audience', () => ({ aud: 'other-client' }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['of another issuer', () => ({ iss: 'https://other.example' }), 'iss'],
    ['with another nonce', () => ({ nonce: 'x' }), 'nonce'],
    ['signed with an unknown key id', () => ({ kid: 'unknown' }), 'ERR_JWKS_NO_MATCHING_KEY'],
  ])('%s', async (_what, claims, reason) => {
    started.server.claims = claims()
    expect(await refusal()).toBe(`profile: ID token refused: ${reason}`)
  })

  test('with a wrong signature', async () => {
    started.server.signWith = (await generateKeyPair('ES256')).privateKey
    expect(await refusal()).toBe('profile: ID token refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  test('and accepted otherwise', async () => {
    expect(await refusal()).toBe('')
  })
})

function b64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('accepted', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['a list of audiences with azp', () => ({ aud: ['oidc-client', 'x'], azp: 'oidc-client' })],
    ['a clock that is a little behind', () => ({ exp: seconds() - 30 })],
    ['a clock that is a little ahead', () => ({ nbf: seconds() + 30 })],
  ])('%s', async (_, claims) => {
    oidc.server.claims = claims()
    expect((await visit(provider)).subject).toBe('olga-1')
  })
})

describe('keys', () => {
  test('are asked for once, and again when a token names an unknown one, but not at every such token', async () => {
    let at = Date.now()
    const slow = createProviders(testSettings(oidc.settings), { now: () => at }).find('oidc') as Provider
    await visit(slow)
    await visit(slow)
    expect(oidc.server.at('/keys')).toHaveLength(1)

    const next = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(next.publicKey)), kid: 'next', alg: 'ES256' }
    oidc.server.instead.set('/keys', () => json({ keys: [oidc.server.key.jwk, jwk] }))
    oidc.server.signWith = next.privateKey
    oidc.server.claims = { kid: 'next' }
    expect(await failureOf(visit(slow))).toBe('profile: ID token refused: ERR_JWKS_NO_MATCHING_KEY')
    expect(oidc.server.at('/keys')).toHaveLength(1)
    at += 31_000
    expect((await visit(slow)).subject).toBe('olga-1')
    expect(oidc.server.at('/keys')).toHaveLength(2)
    oidc.server.claims = { kid: 'made-up' }
    for (let count = 0; count < 5; count++) await failureOf(visit(slow))
    expect(oidc.server.at('/keys')).toHaveLength(2)
  })

  test.each<[string, unknown]>([
    ['no list', { keys: 'x' }],
    ['hundreds', { keys: Array.from({ length: 101 }, () => ({ kty: 'EC' })) }],
    ['rubbish', { keys: [null, 7, 'x'] }],
    ['a secret of the provider', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'provider-key' }] }],
  ])('[SEC] %s', async (_, body) => {
    oidc.server.instead.set('/keys', () => json(body))
    expect(await failureOf(visit(provider))).toStartWith('profile: ')
  })
})

describe('discovery', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['[SEC] another issuer', { issuer: 'https://other.example' }, 'the document is of another issuer'],
    ['no authorization endpoint', { authorization_endpoint: undefined }, 'no usable authorization_endpoint'],
    ['a token endpoint that is no address', { token_endpoint: '/token' }, 'no usable token_endpoint'],
    ['[SEC] keys elsewhere than on the web', { jwks_uri: 'file:///etc/passwd' }, 'no usable jwks_uri'],
  ])('%s', async (_, metadata, reason) => {
    Object.assign(oidc.metadata, metadata)
    expect(await failureOf(visit(provider))).toBe(`start: discovery: ${reason}`)
  })

  test('a failure is not remembered, an answer is', async () => {
    oidc.server.instead.set('/.well-known/openid-configuration', () => new Response('', { status: 503 }))
    expect(await failureOf(visit(provider))).toBe('start: discovery: status 503')
    oidc.server.instead.clear()
    await visit(provider)
    await visit(provider)
    expect(oidc.server.at('/.well-known/openid-configuration')).toHaveLength(2)
  })

  test('client_secret_post where it is the only way', async () => {
    oidc.metadata.token_endpoint_auth_methods_supported = ['client_secret_post', 'private_key_jwt']
    await visit(provider)
    const [exchange] = oidc.server.at('/token')
    expect(exchange?.form.get('client_secret')).toBe('oidc-secret')
    expect(exchange?.headers.has('authorization')).toBe(false)
  })

  test('[SEC] a provider that says it sends iss must send it (RFC 9207 §2.4)', async () => {
    oidc.metadata.authorization_response_iss_parameter_supported = true
    expect(await failureOf(visit(provider))).toBe('exchange: the answer is of another issuer')
    oidc.server.back = { iss: oidc.server.url }
    expect((await visit(provider)).subject).toBe('olga-1')
    oidc.server.back = { iss: `${oidc.server.url}/` }
    expect(await failureOf(visit(provider))).toBe('exchange: the answer is of another issuer')
  })
})

describe('proof again', () => {
  test('the provider is asked for a login (OIDC Core §3.1.2.1)', async () => {
    const attempt = { state: 's', codeVerifier: 'v'.repeat(43), nonce: 'n' }
    const url = await provider.authorizationUrl({ ...attempt, fresh: true })
    expect([url.searchParams.get('prompt'), url.searchParams.get('max_age')]).toEqual(['login', '0'])
    const usual = await provider.authorizationUrl({ ...attempt, fresh: false })
    expect([usual.searchParams.has('prompt'), usual.searchParams.has('max_age')]).toEqual([false, false])
  })

  test('[SEC] it says when it saw the person; an older login is not enough', async () => {
    oidc.server.claims = { auth_time: seconds() - 3_600 }
    expect(await failureOf(visit(provider, { fresh: true }))).toBe('profile: not fresh')
    oidc.server.claims = {}
    expect(await failureOf(visit(provider, { fresh: true }))).toBe('profile: not fresh')
    oidc.server.claims = { auth_time: seconds() }
    expect((await visit(provider, { fresh: true })).authTime?.getTime()).toBe(
      (oidc.server.claims.auth_time as number) * 1000,
    )
  })

  test('without that wish an older login is taken for what it is', async () => {
    oidc.server.claims = { auth_time: seconds() - 3_600 }
    const { authTime } = await visit(provider)
    expect(authTime && Date.now() - authTime.getTime()).toBeGreaterThan(3_590_000)
  })
})
