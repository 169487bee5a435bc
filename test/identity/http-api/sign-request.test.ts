/** Header fields of the service modes. Expected digests were made with `openssl dgst -sha256 -hmac s3cret`. */
import { describe, expect, test } from 'bun:test'
import { serviceHeaders } from '../../../src/identity/http-api/sign-request'

const BODY = '{"username":"u","password":"p"}'
const NONCE = '6c1f0b8e-8d1a-4f5e-9a51-0f0f8f1c2d3e'

const headers = (
  mode: string,
  url = 'https://a.example/api/verify',
  { body = BODY, nonce = NONCE, header = '' } = {},
) =>
  serviceHeaders(
    { HTTP_API_AUTH_MODE: mode, HTTP_API_AUTH_SECRET: 's3cret', HTTP_API_AUTH_HEADER: header || 'X-API-Secret' },
    { url: new URL(url), body, timestamp: 1_700_000_000, nonce },
  )

describe('service authentication [SEC]', () => {
  test('none adds nothing', () => {
    expect(headers('none')).toEqual({})
  })

  test('simple sends the secret in the one header it was given', () => {
    expect(headers('simple')).toEqual({ 'X-API-Secret': 's3cret' })
    expect(headers('simple', undefined, { header: 'X-Internal-Auth' })).toEqual({ 'X-Internal-Auth': 's3cret' })
  })

  test('github signs the body', () => {
    expect(headers('github')).toEqual({
      'X-Hub-Signature-256': 'sha256=629f483cc1e5510e70d916acc6dc8ba2e48cf73ca8cd8d89fbcc8f3b0c95a608',
    })
  })

  test('hmac: the fixed vector, and the second signature beside it', () => {
    expect(headers('hmac')).toEqual({
      'X-Timestamp': '1700000000',
      'X-Nonce': NONCE,
      'X-Signature': '9a5efbf63ee642db381cb677d28054a2d92a5856d501335d4a0ac657a20f217f',
      'X-Signature-V2': 'fde48bad5e4634879ed790ceee785aefabe233d3a1f2926332f55ca0775758e8',
    })
  })

  test('hmac: X-Signature has the path decoded and the query as sent, X-Signature-V2 both as sent', () => {
    const signed = headers('hmac', 'https://a.example/a%20b/%C3%A9/x?q=%20&r=1', { nonce: 'n' })
    expect(signed['X-Signature']).toBe('c93db59dd01cc1e47df7d974883b9d0d3844815ac98a815971cf2392a0b56d1b')
    expect(signed['X-Signature-V2']).toBe('b124a5f2ad3030d24d325ed3622f1f37c2266416d90544fb74a633cf91b60e4e')
  })

  test('hmac: a path that encodes no UTF-8 is decoded to its bytes', () => {
    const { 'X-Signature': signature } = headers('hmac', 'https://a.example/%FFx', { body: '{}' })
    expect(signature).toBe('effe16c56b0f01fa7121da4eb599e0ca382fd30566b71c34154ed59b32aa489f')
  })

  test.each(['https://a.example', 'https://a.example/'])('hmac: %s is sent to / and signed as /', (url) => {
    const { 'X-Signature': signature } = headers('hmac', url, { body: '{}' })
    expect(signature).toBe('01c9a73a08df9fbe2815bfd4bd4eddde5ce73ac3c7295386f56c1ee390588834')
  })

  test('an empty query is no query', () => {
    expect(headers('hmac', 'https://a.example/api/verify?')['X-Signature']).toBe(headers('hmac')['X-Signature'])
  })

  test('only X-Signature-V2 changes with the nonce', () => {
    const [one, two] = [headers('hmac'), headers('hmac', undefined, { nonce: 'other' })]
    expect(two['X-Signature']).toBe(one['X-Signature'])
    expect(two['X-Signature-V2']).not.toBe(one['X-Signature-V2'])
  })
})
