import { describe, expect, test } from 'bun:test'
import { maskDetails, maskText, REDACTED } from '../../src/audit/mask'

const JWS = `eyJhbGciOiJIUzI1NiJ9.${'e30'.repeat(8)}.c2lnbmF0dXJl`
const CLIENT_SECRET = `ago_${'a2'.repeat(26)}`

describe('audit details: names (W14) [SEC]', () => {
  test.each([
    ...['password', 'Password', 'PASSWORD', 'current_password', 'new-password', 'passwordHash', 'my_secret_key'],
    ...['secret', 'client_secret', 'clientSecret', 'Client-Secret', 'token', 'access_token', 'accessToken', 'id_token'],
    ...['refresh_token', 'refreshToken', 'code', 'authorization_code', 'code_verifier', 'codeVerifier', 'assertion'],
    ...['client_assertion', 'authorization', 'Authorization', 'cookie', 'Set-Cookie', 'private_key', 'privateKey'],
    ...['api_key', 'apiKey', 'csrf_token', 'csrfToken', 'initial_access_token'],
  ])('%s is redacted whatever its value', (name) => {
    for (const value of ['x', 'a'.repeat(50), 1, true, ['x'], { x: 1 }])
      expect(maskDetails({ [name]: value })).toEqual({ [name]: REDACTED })
  })

  test.each([
    ...['token_profile', 'previous_token_profile', 'token_category', 'token_provider', 'token_type', 'tokens_revoked'],
    ...['token_user_id', 'token_client_id', 'rotation_enabled', 'username', 'scopes', 'client_id', 'reason'],
    ...['revoked_count', 'grant_types', 'redirect_uris', 'error_code', 'status_code', 'family_id', 'provider'],
  ])('%s is kept', (name) => {
    expect(maskDetails({ [name]: 'value' })).toEqual({ [name]: 'value' })
  })

  test('ids of tokens are shortened; too short to shorten is redacted', () => {
    const id = '01234567-89ab-cdef-0123-456789abcdef'
    for (const name of ['token_id', 'access_token_id', 'reused_token_id', 'new_refresh_token_id', 'device_code_id'])
      expect(maskDetails({ [name]: id })).toEqual({ [name]: '01234567...cdef' })
    for (const short of ['', 'x', '123456789012', 7])
      expect(maskDetails({ token_id: short })).toEqual({ token_id: REDACTED })
  })

  test('a device code is shortened, a user code loses its second half (W17d)', () => {
    expect(maskDetails({ device_code: 'abcdefghijklmnopq0xyz' })).toEqual({ device_code: 'abcdefgh...0xyz' })
    expect(maskDetails({ device_code: 'short' })).toEqual({ device_code: REDACTED })
    expect(maskDetails({ user_code: 'ABCDEFGH' })).toEqual({ user_code: 'ABCD-****' })
    expect(maskDetails({ user_code: 'ABCD-EFGH' })).toEqual({ user_code: 'ABCD-****' })
    expect(maskDetails({ user_code: ['ABCDEFGH'] })).toEqual({ user_code: REDACTED })
  })
})

describe('audit details: values', () => {
  test('a client secret or a token is recognised wherever it stands [SEC]', () => {
    for (const secret of [JWS, CLIENT_SECRET])
      for (const text of [secret, `Bearer ${secret}`, `${secret} `, `https://x/?a=${secret}&b`, `"${secret}"`])
        expect(maskDetails({ note: text, token_type: text })).toEqual({ note: REDACTED, token_type: REDACTED })
  })

  test('nested objects and arrays, to any depth; beyond eight levels nothing is kept', () => {
    expect(maskDetails({ ctx: { password: 'x', list: [{ token: 'y', name: 'n' }] } })).toEqual({
      ctx: { password: REDACTED, list: [{ token: REDACTED, name: 'n' }] },
    })
    let deep: unknown = 'bottom'
    for (let level = 0; level < 50; level += 1) deep = { inner: deep }
    expect(JSON.stringify(maskDetails({ deep }))).not.toContain('bottom')
    const cyclic: Record<string, unknown> = { name: 'n' }
    cyclic.self = cyclic
    expect(JSON.stringify(maskDetails(cyclic))).toContain(REDACTED)
  })

  test('what JSON cannot hold becomes text or goes; the result can always be stored', () => {
    const details = {
      at: new Date(0),
      never: new Date(Number.NaN),
      big: 10n,
      run: () => 1,
      mark: Symbol('s'),
      none: null,
    }
    expect(JSON.parse(JSON.stringify(maskDetails(details)))).toEqual({
      ...{ at: '1970-01-01T00:00:00.000Z', never: null, big: '10', none: null },
    })
  })

  test('members named like JavaScript’s own are data', () => {
    const masked = maskDetails(JSON.parse('{"__proto__":{"password":"x"},"constructor":1}'))
    expect(JSON.stringify(masked)).toBe(`{"__proto__":{"password":"${REDACTED}"},"constructor":1}`)
    expect(({} as { password?: string }).password).toBeUndefined()
  })

  test('long texts cost no time', () => {
    const started = performance.now()
    maskText('-eyJaaaaaaaa'.repeat(100_000))
    maskText('ago_'.repeat(300_000))
    expect(performance.now() - started).toBeLessThan(500)
  })
})

test('property: no secret of a random structure survives [SEC]', () => {
  let seed = 20_260_101
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return seed / 2 ** 32
  }
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const secretNames = ['password', 'clientSecret', 'access_token', 'Code', 'x_private_key', 'old-password', 'cookie']
  const plainNames = ['name', 'scopes', 'list', 'a b', '', 'token_profile', '0', 'constructor']
  const secrets: string[] = []
  const secret = (): string => {
    const value = `needle-${secrets.length}-end`
    secrets.push(value)
    return value
  }
  const carrier = (): string => {
    const tail = `${secrets.length}x`.padStart(24, 'q').replaceAll(/[0189]/g, 'z')
    const value = pick([`ago_${tail}`, `agr_${tail}`, `eyJ${tail}.${tail}.${tail}`])
    secrets.push(value)
    return pick([value, `see ${value}`, `(${value})`])
  }
  const build = (depth: number): unknown => {
    const kind = random()
    if (depth === 0 || kind < 0.2) return pick(['text', 1, null, true, carrier()])
    if (kind < 0.4) return Array.from({ length: 3 }, () => build(depth - 1))
    const members = Array.from({ length: 4 }, (): [string, unknown] =>
      random() < 0.4
        ? [pick(secretNames), pick([secret(), [secret()], { x: secret() }])]
        : [pick(plainNames), build(depth - 1)],
    )
    return Object.fromEntries(members)
  }
  for (let round = 0; round < 300; round += 1) {
    const stored = JSON.stringify(maskDetails({ root: build(6), [pick(secretNames)]: secret() }))
    for (const value of secrets.splice(0)) expect(stored).not.toContain(value)
  }
})
