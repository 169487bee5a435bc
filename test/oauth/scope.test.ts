import { describe, expect, test } from 'bun:test'
import { OAuthError } from '../../src/edge/oauth-error'
import { formatScope, narrowToClient, parseScope, scopeNames, withinScope } from '../../src/oauth/scope'

describe('scope syntax (RFC 6749 §3.3)', () => {
  test.each([
    ['', []],
    ['   ', []],
    ['read', ['read']],
    ['read write', ['read', 'write']],
    ['write read write', ['write', 'read']],
    ['READ read', ['READ', 'read']],
    ['!#[]~ urn:x:y https://a/b', ['!#[]~', 'urn:x:y', 'https://a/b']],
    ['x'.repeat(1000), ['x'.repeat(1000)]],
  ])('%p', (text, names) => {
    expect(parseScope(text)).toEqual(names)
    expect(parseScope(formatScope(parseScope(text)))).toEqual(names)
  })

  test.each(['a  b', ' a', 'a ', 'a\tb', 'a\nb', 'a"b', 'a\\b', 'ü', 'a\u007f', 'a\u00a0b', 'x'.repeat(1001)])(
    '%p is refused',
    (text) => {
      expect(() => parseScope(text)).toThrow(OAuthError)
    },
  )

  test('at most fifty different names', () => {
    const names = Array.from({ length: 51 }, (_, n) => `s${n}`)
    expect(parseScope(names.slice(0, 50).join(' '))).toHaveLength(50)
    expect(parseScope([...names.slice(0, 50), 's0'].join(' '))).toHaveLength(50)
    expect(() => parseScope(names.join(' '))).toThrow('more than 50')
  })
})

describe('narrowing to the client', () => {
  test.each([
    [['read'], 'read write', ['read']],
    [['write', 'read', 'admin'], 'read write', ['write', 'read']],
    [['admin'], 'read email profile', ['email', 'profile']],
    [[], 'profile read', ['profile']],
    [['admin'], 'read write', ['read', 'write']],
    [['Read'], 'read', ['read']],
    [['admin'], '', []],
    [[], ' \tread\n write  read', ['read', 'write']],
  ])('%p within %p gives %p', (requested, allowed, granted) => {
    expect(narrowToClient(requested, allowed)).toEqual(granted)
  })

  test('never grants what the client does not have', () => {
    const all = ['read', 'write', 'email', 'profile', 'openid', 'admin']
    const subsets = Array.from({ length: 64 }, (_, bits) => all.filter((_name, n) => (bits >> n) & 1))
    for (const requested of subsets)
      for (const allowed of subsets)
        for (const name of narrowToClient(requested, allowed.join(' '))) expect(allowed).toContain(name)
  })

  test('stored scopes are read with any white space between them', () => {
    expect(scopeNames('a\tb  c\na')).toEqual(['a', 'b', 'c'])
    expect(withinScope(['c', 'x', 'a'], 'a\tb  c')).toEqual(['c', 'a'])
  })
})
