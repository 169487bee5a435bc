import { describe, expect, test } from 'bun:test'
import { ExtraClaimsError, parseExtraClaims } from '../../src/tokens/extra-claims'

const settings = {
  EXTRA_CLAIMS_ENABLED: true,
  EXTRA_CLAIMS_MAX_RAW_SIZE: 4096,
  EXTRA_CLAIMS_MAX_KEYS: 16,
  EXTRA_CLAIMS_MAX_VAL_SIZE: 512,
  EXTRA_CLAIMS_BLOCK_IDENTITY: false,
  JWT_PRIVATE_CLAIM_PREFIX: 'acme',
}

const accepted = (raw: string | undefined, changed = {}) => [...parseExtraClaims({ ...settings, ...changed }, raw)]
const refused = (raw: string, changed = {}): string => {
  try {
    parseExtraClaims({ ...settings, ...changed }, raw)
  } catch (error) {
    if (error instanceof ExtraClaimsError) return error.message
    throw error
  }
  return 'accepted'
}

describe('extra_claims: what is accepted', () => {
  test('nothing, an empty field and null mean no claims, also when the feature is off', () => {
    expect(accepted(undefined)).toEqual([])
    expect(accepted('', { EXTRA_CLAIMS_ENABLED: false })).toEqual([])
    expect(accepted(' null ')).toEqual([])
    expect(accepted('{}')).toEqual([])
  })

  test('numbers keep their written form; values become compact', () => {
    expect(accepted('{ "n": 12345678901234567890, "f": 1.0, "e": 1e5, "z": -0, "o": { "a" : [ 1 , true ] } }')).toEqual(
      [
        ['n', '12345678901234567890'],
        ['f', '1.0'],
        ['e', '1e5'],
        ['z', '-0'],
        ['o', '{"a":[1,true]}'],
      ],
    )
  })

  test('names that mean something to JavaScript are ordinary names', () => {
    expect(accepted('{"__proto__":{"x":1},"constructor":2}')).toEqual([
      ['__proto__', '{"x":1}'],
      ['constructor', '2'],
    ])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('lone surrogates become U+FFFD', () => {
    expect(accepted('{"s":"\\ud800"}')).toEqual([['s', '"\ufffd"']])
  })
})

describe('extra_claims: limits are inclusive and 0 means unlimited', () => {
  test('raw size', () => {
    const raw = (bytes: number) => `{"a":1}${' '.repeat(bytes - 7)}`
    expect(accepted(raw(4096)).length).toBe(1)
    expect(refused(raw(4097))).toBe('extra_claims exceeds configured size limits: raw payload 4097 bytes (limit 4096)')
    expect(accepted(raw(4097), { EXTRA_CLAIMS_MAX_RAW_SIZE: 0 }).length).toBe(1)
  })

  test('number of keys', () => {
    const raw = (keys: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, n])))
    expect(accepted(raw(16)).length).toBe(16)
    expect(refused(raw(17))).toBe('extra_claims exceeds configured size limits: 17 keys (limit 16)')
    expect(accepted(raw(17), { EXTRA_CLAIMS_MAX_KEYS: 0 }).length).toBe(17)
  })

  test('value size counts markup characters as six bytes', () => {
    expect(accepted(JSON.stringify({ a: 'x'.repeat(510) })).length).toBe(1)
    expect(refused(JSON.stringify({ a: 'x'.repeat(511) }))).toBe(
      'extra_claims exceeds configured size limits: value for "a" is 513 bytes (limit 512)',
    )
    expect(accepted(JSON.stringify({ a: '<'.repeat(85) })).length).toBe(1)
    expect(refused(JSON.stringify({ a: '<'.repeat(86) }))).toContain('518 bytes')
    expect(accepted(JSON.stringify({ a: 'x'.repeat(600) }), { EXTRA_CLAIMS_MAX_VAL_SIZE: 0 }).length).toBe(1)
  })
})

test('extra_claims: a name has 128 bytes at most', () => {
  expect(accepted(JSON.stringify({ [`${'n'.repeat(126)}ü`]: 1 })).length).toBe(1)
  expect(refused(JSON.stringify({ [`${'n'.repeat(127)}ü`]: 1 }))).toContain('longer than 128 bytes')
})

test('extra_claims: of several problems the first in the document is named', () => {
  const problems = ['"iss":1', `"big":"${'x'.repeat(513)}"`, `"${'n'.repeat(129)}":1`, '"":1']
  const texts = ['reserved claim key: "iss"', 'value for "big" is', 'longer than 128 bytes', 'empty key']
  for (let first = 0; first < problems.length; first += 1) {
    const turned = [...problems.slice(first), ...problems.slice(0, first)]
    expect(refused(`{"fine":1,${turned}}`)).toContain(texts[first] ?? '')
  }
})

describe('extra_claims: reserved names [SEC]', () => {
  const names = [
    ...'iss sub aud exp nbf iat jti type scope user_id client_id azp amr acr auth_time nonce at_hash'.split(' '),
    ...'cnf act may_act authorization_details sid events c_hash s_hash sub_jwk'.split(' '),
    ...'domain project service_account uid acme_domain acme_uid extra_domain extra_project extra_uid'.split(' '),
    ...['ISS', 'Sub', ' iss', 'exp ', 'ACME_Domain'],
  ]
  test.each(names)('%p is refused', (name) => {
    expect(refused(JSON.stringify({ ok: 1, [name]: 1 }))).toBe(`reserved claim key: ${JSON.stringify(name)}`)
  })

  test('an empty name is refused', () => {
    expect(refused('{"":1}')).toBe('reserved claim key: empty key')
  })

  test('claims of identity are free by default and reserved by EXTRA_CLAIMS_BLOCK_IDENTITY', () => {
    expect(accepted('{"groups":["a"]}').length).toBe(1)
    expect(refused('{"groups":["a"]}', { EXTRA_CLAIMS_BLOCK_IDENTITY: true })).toBe('reserved claim key: "groups"')
  })
})

describe('extra_claims: JSON that two readers could understand differently is refused [SEC]', () => {
  test.each([
    ['[1]', 'unexpected character'],
    ['"x"', 'unexpected character'],
    ['{"a":1}x', 'unexpected trailing data'],
    ['{"a":1}{"b":2}', 'unexpected trailing data'],
    ['{"a":1,}', 'unexpected character'],
    ['{"a":01}', 'unexpected character'],
    ['{"a":NaN}', 'unexpected character'],
    ["{'a':1}", 'unexpected character'],
    ['{"a":"\n"}', 'unexpected character'],
    ['\ufeff{}', 'unexpected character'],
    ['{"a":', 'unexpected end'],
    ['{"a":1,"a":2}', 'duplicate name "a"'],
    ['{"a":{"b":1,"b":2}}', 'duplicate name "b"'],
    ['{"a":1,"\\u0061":2}', 'duplicate name "a"'],
    ['{"a":1e400}', 'number out of range'],
    ['{"a":[[[[[1]]]]]}', 'nested deeper'],
  ])('%s', (raw, reason) => {
    expect(refused(raw)).toStartWith('extra_claims: invalid JSON: ')
    expect(refused(raw)).toContain(reason)
  })
})

test('extra_claims: switched off, a non-empty field is an error rather than ignored', () => {
  expect(refused('{"a":1}', { EXTRA_CLAIMS_ENABLED: false })).toBe('extra_claims feature is not enabled')
})
