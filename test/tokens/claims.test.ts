import { describe, expect, test } from 'bun:test'
import { composeClaims, type TokenDetails, type TokenSubject } from '../../src/tokens/claims'
import { testSettings } from '../support/settings'

const client = { clientId: 'b7d3f0c4-0000-4000-8000-000000000001', project: '', serviceAccount: '' }
const user = { id: 'a1a1a1a1-0000-4000-8000-000000000002', username: 'zoë' }
const details: TokenDetails = {
  type: 'access',
  jti: 'row-id',
  scope: 'email profile',
  issuedAt: new Date(1_800_000_000_999),
  expiresAt: new Date(1_800_036_000_000),
}
const compose = (subject: Partial<TokenSubject>, settings: Record<string, string> = {}, changed = {}) =>
  JSON.parse(composeClaims(testSettings(settings), { client, ...subject }, { ...details, ...changed }))

const standard = {
  iss: 'http://localhost:8080',
  client_id: client.clientId,
  scope: 'email profile',
  type: 'access',
  iat: 1_800_000_000,
  exp: 1_800_036_000,
  jti: 'row-id',
}

describe('claims of access and refresh tokens', () => {
  test('user access token: exactly the standard claims and the user name', () => {
    expect(compose({ user })).toEqual({ ...standard, sub: user.id, user_id: user.id, extra_uid: 'zoë' })
  })

  test('refresh token: the same with its own type', () => {
    expect(compose({ user }, {}, { type: 'refresh' })).toEqual({
      ...{ ...standard, type: 'refresh' },
      ...{ sub: user.id, user_id: user.id, extra_uid: 'zoë' },
    })
  })

  test('machine token: the client is the subject, and there is no user name', () => {
    const sub = `client:${client.clientId}`
    expect(compose({})).toEqual({ ...standard, sub, user_id: sub })
  })

  test('private claims: under the configured prefix, left out when empty, never under their bare names', () => {
    const owned = { ...client, project: 'p-1', serviceAccount: 'sa@x' }
    const settings = { JWT_DOMAIN: 'Example.COM', JWT_PRIVATE_CLAIM_PREFIX: 'acme' }
    const claims = compose({ user, client: owned }, settings)
    expect(claims).toMatchObject({
      ...{ acme_domain: 'Example.COM', acme_uid: 'zoë', acme_project: 'p-1', acme_service_account: 'sa@x' },
    })
    for (const name of ['domain', 'uid', 'project', 'service_account', 'extra_uid', 'extra_domain'])
      expect(claims).not.toHaveProperty(name)
    expect(compose({ user: { ...user, username: '' } })).not.toHaveProperty('extra_uid')
  })

  test('aud: none, a string, or an array in the configured order (RFC 7519 §4.1.3)', () => {
    expect(compose({ user })).not.toHaveProperty('aud')
    expect(compose({ user }, { JWT_AUDIENCE: ' api ' }).aud).toBe('api')
    expect(compose({ user }, { JWT_AUDIENCE: 'b, ,a,b' }).aud).toEqual(['b', 'a', 'b'])
    expect(compose({ user, audience: ['a'] }, { JWT_AUDIENCE: 'b,a' }).aud).toBe('a')
  })

  test('times are whole seconds, rounded down', () => {
    const { iat, exp } = compose({ user }, {}, { expiresAt: new Date(1_800_000_001_999) })
    expect([iat, exp]).toEqual([1_800_000_000, 1_800_000_001])
  })

  test('the scope is written as it was granted, also when it is empty', () => {
    expect(compose({ user }, {}, { scope: '' }).scope).toBe('')
  })
})

describe('layers: caller below client below server below standard [SEC]', () => {
  const reserved = [
    ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'type', 'scope', 'user_id', 'client_id'],
    ...['azp', 'amr', 'acr', 'auth_time', 'nonce', 'at_hash', 'domain', 'project', 'service_account', 'uid'],
    ...['extra_domain', 'extra_uid', 'extra_project', 'extra_service_account'],
    ...['acme_domain', 'acme_uid', 'acme_project', 'acme_service_account', ' Sub ', 'ISS', 'Acme_Uid'],
  ]

  test('a reserved name of the caller reaches no token, even past the parser', () => {
    const extra = new Map(reserved.map((name) => [name, '"forged"']))
    const text = composeClaims(
      testSettings({ JWT_PRIVATE_CLAIM_PREFIX: 'acme' }),
      { client, user, extra: new Map([...extra, ['mine', '1']]) },
      details,
    )
    expect(text).not.toContain('forged')
    expect(JSON.parse(text).mine).toBe(1)
    // One member per name: no reader may pick another than the last.
    const names = [...text.matchAll(/"([a-z_]+)":/g)].map(([, name]) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  test('numbers of the caller keep their written form', () => {
    const extra = new Map([
      ['big', '12345678901234567890'],
      ['float', '1.0'],
    ])
    const text = composeClaims(testSettings(), { client, user, extra }, details)
    expect(text).toContain('"big":12345678901234567890,"float":1.0')
  })

  test('names that mean something to JavaScript are data', () => {
    const extra = new Map([['__proto__', '{"isAdmin":true}']])
    const claims = JSON.parse(composeClaims(testSettings(), { client, user, extra }, details))
    expect(Object.hasOwn(claims, '__proto__')).toBe(true)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test('values with quotes, line separators and markup stay inside their strings', () => {
    const name = 'a","sub":"admin\u2028</script>\\'
    const claims = compose({ user: { ...user, username: name } })
    expect([claims.extra_uid, claims.sub]).toEqual([name, user.id])
  })
})
