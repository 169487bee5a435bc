/** Which addresses the server may be made to call (CWE-918). */
import { describe, expect, test } from 'bun:test'
import { isInternalAddress } from '../../src/outgoing/addresses'
import { OutgoingError } from '../../src/outgoing/outgoing-error'
import { createTargetFinder } from '../../src/outgoing/target'
import { testSettings } from '../support/settings'

const INTERNAL = [
  ...['0.0.0.0', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.1.2.3'],
  ...['169.254.169.254', '169.254.0.1', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1'],
  ...['198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:169.254.169.254', 'fc00::1', 'fd00::1'],
  ...['fd00:ec2::254', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2001:db8::1', '2002:7f00:1::1', '2002:a00:1::', '3fff::1', '4000::1', 'fe80::1%eth0', 'nonsense', ''],
]
const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '128.0.0.1', '169.253.1.1'],
  ...['172.15.255.255', '172.32.0.0', '192.167.1.1', '192.169.0.1', '198.17.1.1', '198.20.0.0', '223.255.255.255'],
  ...['2606:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888', '::ffff:8.8.8.8', '::ffff:808:808'],
]

describe('addresses', () => {
  test.each(INTERNAL)('%p is internal', (address) => expect(isInternalAddress(address)).toBe(true))
  test.each(PUBLIC)('%p is public', (address) => expect(isInternalAddress(address)).toBe(false))
})

const NAMES: Record<string, string[]> = {
  'app.example': ['93.184.215.14'],
  'v6.example': ['2606:4700::1111', '93.184.215.14'],
  'inside.example': ['10.1.2.3'],
  'mixed.example': ['93.184.215.14', '10.1.2.3'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'local6.example': ['::1'],
  localhost: ['127.0.0.1', '::1'],
  'strange.example': ['93.184.215.14', 'fe80::1%eth0'],
}

const resolve = async (host: string): Promise<string[]> => {
  const addresses = NAMES[host]
  if (!addresses) throw new Error(`ENOTFOUND ${host}`)
  return addresses
}

async function outcome(url: string, settings: Record<string, string> = {}): Promise<string> {
  const find = createTargetFinder(testSettings({ BASE_URL: 'https://id.example', ...settings }), resolve)
  try {
    const { host, address } = await find(url)
    return `${host} at ${address}`
  } catch (error) {
    if (error instanceof OutgoingError) return error.kind
    throw error
  }
}

describe('outgoing requests of a public server', () => {
  test.each([
    ['https://app.example/logout', 'app.example at 93.184.215.14'],
    ['https://APP.example.:8443/logout', 'app.example at 93.184.215.14'],
    ['https://v6.example/', 'v6.example at 2606:4700::1111'],
    ['https://8.8.8.8/', '8.8.8.8 at 8.8.8.8'],
    ['https://[2606:4700::1111]/', '2606:4700::1111 at 2606:4700::1111'],
  ])('%s may be called', async (url, expected) => expect(await outcome(url)).toBe(expected))

  test.each([
    'http://app.example/logout',
    'https://inside.example/',
    'https://mixed.example/',
    'https://mapped.example/',
    'https://metadata.example/latest/meta-data/',
    'https://local6.example/',
    'https://localhost/',
    'https://strange.example/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://169.254.169.254/',
    'https://[fd00:ec2::254]/',
    'https://user:password@app.example/',
    'https://user@app.example/',
    'ftp://app.example/',
    'file:///etc/passwd',
    'unix:///run/docker.sock',
    'data:text/plain,x',
    '/logout',
    '',
  ])('[SEC] %s is refused (CWE-918)', async (url) => expect(await outcome(url)).toBe('refused'))

  test('a name without address is unreachable', async () => {
    expect(await outcome('https://nowhere.example/')).toBe('unreachable')
  })
})

describe('OUTGOING_ALLOWED_HOSTS', () => {
  const opened = { OUTGOING_ALLOWED_HOSTS: 'Inside.example,10.9.0.0/16,192.168.7.7,fd00:7::/32' }

  test.each([
    ['a named host', 'https://inside.example/', 'inside.example at 10.1.2.3'],
    ['a named host by http', 'http://inside.example/', 'inside.example at 10.1.2.3'],
    ['an address of a range', 'https://10.9.1.1/', '10.9.1.1 at 10.9.1.1'],
    ['an address of a range by http', 'http://10.9.1.1/', '10.9.1.1 at 10.9.1.1'],
    ['an address written as IPv4-mapped', 'https://[::ffff:10.9.1.1]/', '::ffff:a09:101 at 10.9.1.1'],
    ['one address', 'https://192.168.7.7/', '192.168.7.7 at 192.168.7.7'],
    ['an IPv6 range', 'https://[fd00:7::5]/', 'fd00:7::5 at fd00:7::5'],
  ])('opens %s', async (_, url, expected) => expect(await outcome(url, opened)).toBe(expected))

  test.each([
    'https://metadata.example/',
    'https://sub.inside.example/',
    'https://10.10.1.1/',
    'https://192.168.7.8/',
    'http://app.example/',
    'https://localhost/',
  ])('[SEC] does not open %s', async (url) => expect(['refused', 'unreachable']).toContain(await outcome(url, opened)))

  test('a range opens the names that lead into it, by https only', async () => {
    const range = { OUTGOING_ALLOWED_HOSTS: '10.1.0.0/16' }
    expect(await outcome('https://inside.example/', range)).toBe('inside.example at 10.1.2.3')
    expect(await outcome('https://mixed.example/', range)).toBe('mixed.example at 93.184.215.14')
    expect(await outcome('http://inside.example/', range)).toBe('refused')
  })
})

describe('a server on the loopback', () => {
  const local = { BASE_URL: 'http://localhost:8080' }

  test.each([
    ['http://localhost:9999/logout', 'localhost at 127.0.0.1'],
    ['http://127.0.0.1:9999/', '127.0.0.1 at 127.0.0.1'],
    ['http://[::1]:9999/', '::1 at ::1'],
  ])('may call its neighbour %s', async (url, expected) => expect(await outcome(url, local)).toBe(expected))

  test.each(['http://app.example/', 'https://local6.example/', 'https://inside.example/', 'http://10.0.0.1/'])(
    '[SEC] still may not call %s',
    async (url) => expect(await outcome(url, local)).toBe('refused'),
  )
})
