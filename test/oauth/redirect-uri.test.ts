import { describe, expect, test } from 'bun:test'
import { matchRedirectUri, redirectUriProblem } from '../../src/oauth/redirect-uri'

describe('registering a redirect URI', () => {
  test.each([
    'https://app.example/cb',
    'https://app.example:8443/cb?x=1',
    'http://localhost:8888/callback',
    'http://127.0.0.1/cb',
    'http://[::1]:9/cb',
  ])('%s is accepted', (uri) => {
    expect(redirectUriProblem(uri, 'confidential')).toBeUndefined()
  })

  test('a private-use scheme with a dot is for public clients (RFC 8252 §7.1)', () => {
    expect(redirectUriProblem('com.example.app:/cb', 'public')).toBeUndefined()
    expect(redirectUriProblem('com.example.app:/cb', 'confidential')).toContain('http or https')
    expect(redirectUriProblem('myapp://cb', 'public')).toContain('http or https')
  })

  test.each([
    ['', 'must not be empty'],
    ['   ', 'must not be empty'],
    ['not-a-uri', 'not a valid URI'],
    ['ftp://a/b', 'http or https'],
    ['javascript:alert(1)', 'http or https'],
    ['data:text/html,x', 'http or https'],
    ['file:///etc/passwd', 'http or https'],
    ['https:///cb', 'must have a host'],
    ['https:/cb', 'must have a host'],
    ['https://a/cb#x', 'fragment'],
    ['https://a/cb#', 'fragment'],
    ['https://*.example/cb', 'wildcard'],
    ['https://u:p@a/cb', 'user information'],
    ['https://a@b/cb', 'user information'],
    ['http://app.example/cb', 'https'],
    ['http://127.0.0.1.evil.example/cb', 'https'],
    ['https://a/c b', 'not a valid URI'],
    ['https://a/\tcb', 'not a valid URI'],
    ['https:\\\\a\\cb', 'not a valid URI'],
    [`https://a/${'x'.repeat(2000)}`, 'longer than'],
  ])('%p is refused [SEC]', (uri, reason) => {
    expect(redirectUriProblem(uri, 'public')).toContain(reason)
  })
})

describe('matching a requested redirect URI', () => {
  const registered = [
    'https://app.example/cb',
    'http://127.0.0.1:9/cb',
    'http://localhost/cb?x=1',
    'com.example.app:/cb',
  ]

  test.each([
    'https://app.example/cb',
    'http://127.0.0.1:9/cb',
    'http://127.0.0.1:51234/cb',
    'http://127.0.0.1/cb',
    'http://localhost:1/cb?x=1',
    'com.example.app:/cb',
  ])('%s matches', (uri) => {
    expect(matchRedirectUri(uri, registered) as string).toBe(uri)
  })

  test.each([
    '',
    'https://app.example',
    'https://app.example/',
    'https://app.example/cb/',
    'https://app.example/cb?',
    'https://app.example/cb?x=1',
    'https://app.example/cb#',
    'https://app.example/cb#x',
    'https://app.example/CB',
    'https://app.example/cb%20',
    'https://app.example/cb ',
    ' https://app.example/cb',
    'https://app.example//cb',
    'https://app.example/./cb',
    'https://app.example/x/../cb',
    'https://app.example/%63b',
    'https://app.example:443/cb',
    'https://app.example:8443/cb',
    'https://app.example./cb',
    'https://APP.example/cb',
    'HTTPS://app.example/cb',
    'http://app.example/cb',
    'https://app.example.evil.example/cb',
    'https://evil.example/cb',
    'https://evil.example\\@app.example/cb',
    'https://app.example@evil.example/cb',
    'https://app.example%40evil.example/cb',
    'https://user@app.example/cb',
    '//app.example/cb',
    '/cb',
    'javascript:alert(1)',
    'https://app.example/cb\r\nLocation: https://evil.example',
    'https://app.example/cb\u0000',
    'http://127.0.0.1:9/cb/',
    'http://127.0.0.1:9/CB',
    'http://127.0.0.1:9/cb?x=1',
    'http://127.0.0.1:9/cb#x',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:9@evil.example/cb',
    'http://127.0.0.1:/cb',
    'http://127.0.0.1:+9/cb',
    'http://127.0.0.2:9/cb',
    'http://127.1:9/cb',
    'http://0177.0.0.1:9/cb',
    'http://2130706433:9/cb',
    'http://[::1]:9/cb',
    'http://localhost:9/cb',
    'https://127.0.0.1:9/cb',
    'http://localhost:1/cb',
    'http://localhost:1/cb?x=2',
    'http://localhost:1/cb?x=1&y=2',
    'http://localhost.evil.example:1/cb?x=1',
    'http://evil.localhost:1/cb?x=1',
    'http://LOCALHOST:1/cb?x=1',
    'com.example.app:/cb2',
    'com.example.app://cb',
    'COM.example.app:/cb',
    'com.example.evil:/cb',
    'https://xn--app-exmple-cb.example/cb',
    'https://app.example\u3002evil.example/cb',
    'https://app.examp\u200ble/cb',
  ])('%p does not match [SEC]', (uri) => {
    expect(matchRedirectUri(uri, registered)).toBeUndefined()
  })
})
