import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createAddressReader, normaliseAddress } from '../../src/edge/client-address'
import { openTestApp, type TestApp } from '../support/app'
import { ORIGIN } from './support'

const DEFAULT = ['127.0.0.0/8', '::1']

function clientOf(peerAddress: string | undefined, headers: Record<string, string>, proxies: string[] = DEFAULT) {
  const reader = createAddressReader(proxies)
  return reader.client(reader.peer(peerAddress), new Headers(headers))
}

describe('client address: one form for each address', () => {
  test('IPv4-mapped IPv6 is IPv4, IPv6 is short and lower case (RFC 5952)', () => {
    expect(normaliseAddress('::ffff:192.0.2.7')).toBe('192.0.2.7')
    expect(normaliseAddress('::FFFF:c000:0207')).toBe('192.0.2.7')
    expect(normaliseAddress('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1')
    expect(normaliseAddress('0:0:0:0:0:0:0:1')).toBe('::1')
  })

  test('ports and brackets are taken off', () => {
    expect(normaliseAddress('192.0.2.7:4711')).toBe('192.0.2.7')
    expect(normaliseAddress('[2001:db8::1]:443')).toBe('2001:db8::1')
    expect(normaliseAddress('[2001:db8::1]')).toBe('2001:db8::1')
  })

  test('everything else is no address', () => {
    const texts = ['', 'unknown', 'example.com', '1.2.3', '1.2.3.4.5', '256.1.1.1', '010.0.0.1', '1.2.3.4:x']
    for (const text of [...texts, '[1.2.3.4]x', 'fe80::1%eth0', '2001:db8::1:443:x', '_hidden', '::ffff:300.1.1.1'])
      expect(normaliseAddress(text)).toBe('')
  })
})

describe('client address: who is believed', () => {
  test('a peer that is no trusted proxy cannot choose its address', () => {
    expect(clientOf('203.0.113.9', { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.2' })).toBe('203.0.113.9')
  })

  test('an unknown peer has no address, whatever it forwards', () => {
    expect(clientOf(undefined, { 'x-forwarded-for': '10.0.0.1' })).toBe('')
  })

  test('the first untrusted address from the right is the client; what it prepended is ignored', () => {
    expect(clientOf('127.0.0.1', { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' })).toBe('203.0.113.9')
    const proxies = [...DEFAULT, '10.0.0.0/8']
    const header = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.1.2.3, 127.0.0.2' }
    expect(clientOf('127.0.0.1', header, proxies)).toBe('203.0.113.9')
  })

  test('only trusted addresses: the left-most', () => {
    expect(clientOf('127.0.0.1', { 'x-forwarded-for': '127.0.0.3, 127.0.0.2' })).toBe('127.0.0.3')
  })

  test('what stands left of something unreadable is not believed', () => {
    expect(clientOf('127.0.0.1', { 'x-forwarded-for': '6.6.6.6, unknown' })).toBe('127.0.0.1')
    expect(clientOf('127.0.0.1', { 'x-forwarded-for': '6.6.6.6, unknown, 127.0.0.2' })).toBe('127.0.0.2')
  })

  test('X-Real-IP counts only without X-Forwarded-For', () => {
    expect(clientOf('127.0.0.1', { 'x-real-ip': '203.0.113.9' })).toBe('203.0.113.9')
    expect(clientOf('127.0.0.1', { 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '198.51.100.1' })).toBe(
      '198.51.100.1',
    )
    expect(clientOf('127.0.0.1', { 'x-real-ip': 'nonsense' })).toBe('127.0.0.1')
  })

  test('ranges hold for IPv4, IPv6 and IPv4-mapped peers', () => {
    const header = { 'x-forwarded-for': '203.0.113.9' }
    for (const [peer, range] of [
      ['::ffff:10.1.2.3', '10.0.0.0/8'],
      ['10.1.2.3', '::ffff:10.0.0.0/104'],
      ['2001:db8:1::5', '2001:db8::/32'],
      ['::1', '::1'],
    ] as const)
      expect(clientOf(peer, header, [range])).toBe('203.0.113.9')
    for (const [peer, range] of [
      ['11.1.2.3', '10.0.0.0/8'],
      ['2001:db9::5', '2001:db8::/32'],
      ['::2', '::1'],
    ] as const)
      expect(clientOf(peer, header, [range])).toBe(peer)
  })

  test('no list: nobody is believed', () => {
    expect(clientOf('127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, [])).toBe('127.0.0.1')
  })
})

describe('client address and request id of a request', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp()
  })
  afterAll(() => app.close())

  const from = async (peer: string, headers: Record<string, string>) => {
    const response = await app.handle(new Request(`${ORIGIN}/livez`, { headers }), peer)
    return { id: response.headers.get('x-request-id'), line: app.log().at(-1)?.fields }
  }

  test('the log names the client behind a trusted proxy', async () => {
    expect((await from('127.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).line).toMatchObject({ ip: '203.0.113.9' })
  })

  test('a request id is taken over from a trusted proxy only, and only if it is harmless', async () => {
    expect((await from('127.0.0.1', { 'x-request-id': 'Abc-1.2_3' })).id).toBe('Abc-1.2_3')
    for (const id of ['a b', 'a"b', 'x'.repeat(129), 'ä'.repeat(2)])
      expect((await from('127.0.0.1', { 'x-request-id': id })).id).toMatch(/^[0-9a-f-]{36}$/)
    expect((await from('203.0.113.9', { 'x-request-id': 'mine' })).id).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('the id is returned and logged, and differs from request to request', async () => {
    const [first, second] = [await from('203.0.113.9', {}), await from('203.0.113.9', {})]
    expect(first.line?.request_id).toBe(first.id)
    expect(first.id).not.toBe(second.id)
  })

  test('a forwarded header of an untrusted peer is warned of once', async () => {
    await from('198.51.100.7', { 'x-forwarded-for': '10.0.0.1' })
    await from('198.51.100.7', { 'x-forwarded-for': '10.0.0.1' })
    expect(app.log().filter(({ level, message }) => level === 'warn' && /TRUSTED_PROXIES/.test(message))).toHaveLength(
      1,
    )
  })
})
