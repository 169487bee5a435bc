import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  clientUriProblem,
  grantsProblem,
  grantTypesText,
  nameProblem,
  normaliseName,
  redirectUrisProblem,
  reservedScope,
} from '../../src/clients/metadata'

describe('names of clients', () => {
  test.each([
    'AuthGate CLI',
    'x',
    'Käse & Brot',
    'Сервис',
    'アプリ',
    '🚀 Launch',
    'a\'b"<c>',
    'x'.repeat(100),
    '🚀'.repeat(100),
  ])('may be %s', (name) => {
    expect(nameProblem(name)).toBeUndefined()
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['control characters', 'a\nb'],
    ['tab', 'a\tb'],
    ['NUL', 'a\u0000'],
    ['C1 control', 'a\u0085b'],
    ['escape sequence', '\u001b[31mred'],
    ['right-to-left override', 'moc.elgoog\u202e'],
    ['right-to-left isolate', 'a\u2067b'],
    ['right-to-left mark', 'a\u200fb'],
    ['Arabic letter mark', 'a\u061cb'],
    ['zero-width space', 'Git\u200bHub'],
    ['zero-width joiner', 'Git\u200dHub'],
    ['word joiner', 'Git\u2060Hub'],
    ['byte order mark inside', 'Git\ufeffHub'],
    ['soft hyphen', 'Git\u00adHub'],
    ['grapheme joiner', 'Git\u034fHub'],
    ['Hangul filler', '\u3164'],
    ['blank braille', '\u2800'],
    ['tag characters', 'a\u{e0041}'],
    ['private use', 'a\ue000'],
    ['line separator', 'a\u2028b'],
    ['half a surrogate', 'a\ud800'],
    ['101 characters', 'x'.repeat(101)],
    ['10 kB', 'x'.repeat(10_240)],
  ])('must not have or be %s (U50) [SEC]', (_, name) => {
    expect(nameProblem(name)).toBeDefined()
  })

  test('are trimmed and composed', () => {
    expect(normaliseName('  Cafe\u0301\n')).toBe('Caf\u00e9')
    expect(normaliseName(' \u3000\t')).toBe('')
  })

  test('whatever passes is one visible line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const name = normaliseName(text)
        if (nameProblem(name) !== undefined) return
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
        expect(name.isWellFormed()).toBe(true)
        expect(name.trim()).toBe(name)
      }),
    )
  })
})

describe('home pages of clients', () => {
  test.each(['', 'https://example.com', 'http://example.com/a?b#c', 'HTTPS://[::1]:8443/'])('may be %j', (uri) => {
    expect(clientUriProblem(uri)).toBeUndefined()
  })
  test.each([
    ...['javascript:alert(1)', 'data:text/html,x', 'ftp://x', 'example.com', '//example.com', 'https:example.com'],
    ...['https:///x', 'https://', ' https://x', 'https://x\n', 'https://x\\@y', 'https://a@x', 'https://a:b@x'],
    ...['https://x/\u202e\u0007', `https://x/${'a'.repeat(2000)}`, 'file:///etc/passwd', 'https://x y'],
  ])('must not be %j', (uri) => {
    expect(clientUriProblem(uri)).toBeDefined()
  })
})

describe('redirect URIs of clients', () => {
  test('each is looked at, and there are not too many', () => {
    expect(redirectUrisProblem([], 'public')).toBeUndefined()
    expect(redirectUrisProblem(['https://a/', 'http://localhost/'], 'confidential')).toBeUndefined()
    expect(redirectUrisProblem(['https://a/', 'x'], 'confidential')).toBe('"x" is not a valid URI')
    expect(redirectUrisProblem(['com.example:/'], 'public')).toBeUndefined()
    expect(redirectUrisProblem(['com.example:/'], 'confidential')).toContain('http or https')
    expect(redirectUrisProblem(Array<string>(51).fill('https://a/'), 'public')).toBe('more than 50 URIs')
  })
})

describe('grants of clients', () => {
  const none = { enableDeviceFlow: false, enableAuthCodeFlow: false, enableClientCredentialsFlow: false }
  const all = { enableDeviceFlow: true, enableAuthCodeFlow: true, enableClientCredentialsFlow: true }
  test('the switches and what they need', () => {
    const problem = (more: Partial<Parameters<typeof grantsProblem>[0]>) =>
      grantsProblem({ ...none, clientType: 'confidential', redirectUris: [], ...more })
    expect(problem({})).toBe('at least one grant type must be enabled')
    expect(problem({ enableDeviceFlow: true })).toBeUndefined()
    expect(problem({ enableClientCredentialsFlow: true })).toBeUndefined()
    expect(problem({ enableClientCredentialsFlow: true, clientType: 'public' })).toBe(
      'client credentials flow requires a confidential client',
    )
    expect(problem({ enableAuthCodeFlow: true })).toBe(
      'at least one redirect URI is required when Authorization Code Flow is enabled',
    )
    expect(problem({ ...all, redirectUris: ['https://a/'] })).toBeUndefined()
  })
  test('are stored as text in one order', () => {
    expect(grantTypesText(all)).toBe('device_code authorization_code client_credentials')
    expect(grantTypesText({ ...none, enableAuthCodeFlow: true })).toBe('authorization_code')
  })
})

test('scopes only an administrator gives', () => {
  expect(reservedScope(['email', 'profile', 'openid', 'offline_access'])).toBeUndefined()
  expect(reservedScope(['email', 'admin', 'read'])).toBe('admin')
  expect(reservedScope(['OpenID'])).toBe('OpenID')
})
