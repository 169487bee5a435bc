import { describe, expect, test } from 'bun:test'
import { deviceName, scopeView } from '../../views/describe'
import { messagesOf } from '../../views/messages'

const t = messagesOf('en')

describe('scopes in plain words', () => {
  test.each([
    ['email', 'identity', 'See your email address'],
    ['openid', 'identity', 'Know who you are on this server'],
    ['read', 'reading', 'Read data on your behalf'],
    ['write', 'changing', 'Change data on your behalf'],
    ['offline_access', 'staying', 'Stay signed in when you are away, until you revoke it'],
    ['repo:read', 'reading', 'Read repo (repo:read)'],
    ['read:packages', 'reading', 'Read packages (read:packages)'],
    ['calendar.write', 'changing', 'Change calendar (calendar.write)'],
    ['admin:org', 'changing', 'Change org (admin:org)'],
    ['billing', 'other', 'Use the permission "billing"'],
    ['constructor', 'other', 'Use the permission "constructor"'],
  ] as const)('%s', (name, group, text) => {
    expect(scopeView(t, name)).toEqual({ name, group, text })
  })
})

describe('devices by their user agent', () => {
  const chrome = '(KHTML, like Gecko) Chrome/131.0.0.0'
  test.each([
    [`Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ${chrome} Safari/537.36`, 'Chrome on Linux'],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ${chrome} Safari/537.36 Edg/131.0.0.0`,
      'Edge on Windows',
    ],
    [`Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 ${chrome} Mobile Safari/537.36`, 'Chrome on Android'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox on macOS'],
    [`Mozilla/5.0 (X11; Linux x86_64) (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    ['curl/8.5.0', 'curl'],
    ['acme-cli/1.2 (linux; amd64)', 'acme-cli on Linux'],
    ['Go-http-client/2.0', 'Go-http-client'],
    ['', 'Unknown device'],
    ['<script>', 'Unknown device'],
    ['Mozilla/5.0', 'Unknown device'],
  ])('%s', (userAgent, name) => {
    expect(deviceName(t, userAgent)).toBe(name)
  })
})
