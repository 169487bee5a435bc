import { describe, expect, test } from 'bun:test'
import { safeRedirect } from '../../src/identity/redirect-target'

const root = { origin: 'http://localhost:8080', basePath: '' }
const prefixed = { origin: 'https://id.example', basePath: '/auth' }

describe('redirect target: accepted (RFC 9700 §4.11)', () => {
  test.each([
    ['/', '/'],
    ['/device', '/device'],
    ['/device?code=123', '/device?code=123'],
    ['/device?user_code=ABCD-EFGH', '/device?user_code=ABCD-EFGH'],
    ['/device#section', '/device#section'],
    ['/device?redirect=%2Faccount', '/device?redirect=%2Faccount'],
    ['/device?next=//evil.com', '/device?next=//evil.com'],
    ['/device?next=https://evil.com', '/device?next=https://evil.com'],
    ['http://localhost:8080/device', '/device'],
    ['HTTP://LOCALHOST:8080/device', '/device'],
    ['http://localhost:8080', '/'],
    [
      '/oauth/authorize?client_id=a&redirect_uri=http%3A%2F%2Flocalhost%3A8888%2Fcallback&scope=read+write&state=x',
      '/oauth/authorize?client_id=a&redirect_uri=http%3A%2F%2Flocalhost%3A8888%2Fcallback&scope=read+write&state=x',
    ],
    ['/loginhelp', '/loginhelp'],
  ])('%s', (raw, target) => {
    expect(safeRedirect(root, raw)).toBe(target)
    expect(safeRedirect(root, target)).toBe(target)
  })

  test('absolute URLs lose the prefix of BASE_URL, paths have none', () => {
    expect(safeRedirect(prefixed, 'https://id.example/auth/device?a=b')).toBe('/device?a=b')
    expect(safeRedirect(prefixed, 'https://id.example/auth')).toBe('/')
    expect(safeRedirect(prefixed, '/device')).toBe('/device')
  })
})

describe('redirect target: refused (RFC 9700 §4.11)', () => {
  test.each([
    ['nothing', undefined],
    ['empty', ''],
    ['another host without scheme', '//evil.com'],
    ['another host without scheme, with path', '//evil.com/phishing'],
    ['another host', 'http://evil.com'],
    ['another host, https', 'https://evil.com'],
    ['a host that begins alike', 'http://localhost.evil.com'],
    ['another port', 'http://localhost:9999/device'],
    ['another scheme of the same host', 'https://localhost:8080/x'],
    ['user info that looks like the host', 'http://localhost:8080@evil.com'],
    ['user info', 'http://user@localhost:8080/device'],
    ['user info with password', 'http://user:pw@localhost:8080/device'],
    ['a script', "javascript:alert('XSS')"],
    ['data', 'data:text/html,<script>alert(1)</script>'],
    ['vbscript', 'vbscript:msgbox'],
    ['ftp', 'ftp://evil.com/file'],
    ['file', 'file:///etc/passwd'],
    ['slash and backslash', '/\\evil.com'],
    ['slash, backslash, slash', '/\\/evil.com'],
    ['one backslash', '\\evil.com'],
    ['two backslashes', '\\\\evil.com'],
    ['a tab that browsers drop', '/\t/evil.com'],
    ['a line feed that browsers drop', '/\n/evil.com'],
    ['a header injection', '/a\r\nb'],
    ['NUL', '/\u0000/evil.com'],
    ['DEL', '/device\u007f'],
    ['a leading space', ' /device'],
    ['a dot segment before two slashes', '/.//evil.com'],
    ['dot segments before two slashes', '/device/..//evil.com'],
    ['encoded dot segments before two slashes', '/%2e%2e//evil.com'],
    ['no scheme but a colon', 'https:foo'],
    ['scheme alone', 'http:'],
    ['scheme without host', 'http:///x'],
    ['a broken host', 'http://[::1:bad'],
    ['relative text', 'device'],
    ['the login page: a loop', '/login'],
    ['the login page with query', '/login?redirect=/device'],
    ['the encoded login page', '/%6cogin'],
    ['signing out at once', '/logout'],
    ['signing out at once, dotted', '/device/../logout'],
    ['provider routes', '/auth/login/github'],
    ['a style sheet', '/static/dist/main.css'],
    ['the token endpoint', '/oauth/token'],
    ['a malformed escape', '/%zz'],
    ['a lone surrogate', '/\ud800'],
    ['more than 8 KB', `/${'a'.repeat(8_192)}`],
  ])('%s', (_name, raw) => {
    expect(safeRedirect(root, raw)).toBeUndefined()
  })

  test('absolute URLs outside the prefix of BASE_URL', () => {
    for (const raw of [
      'https://id.example/other',
      'https://id.example/authority',
      'https://id.example/auth/../x',
      'https://id.example/auth//evil.com',
    ])
      expect(safeRedirect(prefixed, raw)).toBeUndefined()
  })
})

test('redirect target: whatever is accepted stays on this server, also when it is checked twice', () => {
  const pieces = [
    ...['/', '//', '\\', '\t', '\n', '\r', ' ', '.', '..', '@', ':', '?', '#', '%2f', '%5c', '%09', '%2e', '%00'],
    ...[
      'evil.com',
      'localhost:8080',
      'http:',
      'https:',
      'javascript:',
      'device',
      'login',
      '\u3002',
      '\uff0f',
      '\u2028',
    ],
  ]
  // A fixed sequence: the same inputs on every run.
  let state = 42
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  let accepted = 0
  for (let round = 0; round < 50_000; round += 1) {
    const raw = Array.from({ length: 1 + next(6) }, () => pieces[next(pieces.length)]).join('')
    for (const settings of [root, prefixed]) {
      const target = safeRedirect(settings, raw)
      if (target === undefined) continue
      accepted += 1
      const sent = new URL(settings.basePath + target, `${settings.origin}/login`)
      if (sent.origin !== settings.origin || !/^\/(?!\/)/.test(target) || safeRedirect(settings, target) !== target)
        throw new Error(`unsafe: ${JSON.stringify(raw)} → ${target}`)
    }
  }
  expect(accepted).toBeGreaterThan(100)
})
