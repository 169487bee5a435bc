import { describe, expect, test } from 'bun:test'
import { browserKind, networkOf } from '../../src/identity/fingerprint'

const chrome = (version: number, system = 'Windows NT 10.0; Win64; x64') =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`

describe('browser kind', () => {
  test.each([
    [chrome(120), 'chrome windows'],
    [chrome(131), 'chrome windows'],
    [chrome(120, 'X11; Linux x86_64'), 'chrome linux'],
    [`${chrome(120)} Edg/120.0.0.0`, 'edge windows'],
    [`${chrome(120)} OPR/106.0.0.0`, 'opera windows'],
    ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36', 'chrome android'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 14_2) AppleWebKit/605.1.15 Version/17.2 Safari/605.1.15', 'safari macos'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2 Safari/604.1',
      'safari ios',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0', 'firefox linux'],
    ['curl/8.5.0', 'curl '],
    ['', ' '],
  ])('%s', (userAgent, kind) => {
    expect(browserKind(userAgent)).toBe(kind)
  })
})

test('network: /24 of IPv4, /64 of IPv6 in any notation', () => {
  expect(networkOf('192.0.2.17')).toBe(networkOf('192.0.2.200'))
  expect(networkOf('192.0.2.17')).not.toBe(networkOf('192.0.3.17'))
  expect(networkOf('2001:db8:1:2::1')).toBe(networkOf('2001:db8:1:2:aaaa:bbbb:cccc:dddd'))
  expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'))
  expect(networkOf('2001:0db8::1')).toBe(networkOf('2001:db8:0:0::2'))
  expect(networkOf('::1')).toBe('0:0:0:0')
  expect(networkOf('')).toBe('')
})
