import { describe, expect, test } from 'bun:test'
import { MalformedForm, parseForm, RepeatedParameter } from '../../src/edge/form'

const parsed = (text: string) => ({ ...parseForm(text) })

describe('form: application/x-www-form-urlencoded', () => {
  test('names and values are decoded, plus is a blank', () => {
    expect(parsed('a=1&b%20c=d+e%2B&u=%C3%BC')).toEqual({ a: '1', 'b c': 'd e+', u: 'ü' })
  })

  test('empty values, names alone and empty pairs mean nothing (RFC 6749 §3.1)', () => {
    expect(parsed('a=&b&&c=1&')).toEqual({ c: '1' })
    expect(parsed('')).toEqual({})
  })

  test('only the first equals sign separates', () => {
    expect(parsed('code=a=b==')).toEqual({ code: 'a=b==' })
  })

  test('a repeated parameter is refused, also when a value is empty (RFC 6749 §3.2)', () => {
    for (const text of ['a=1&a=2', 'a=1&a=1', 'a=&a=1', 'a=1&a=', 'a=1&%61=2'])
      expect(() => parseForm(text)).toThrow(RepeatedParameter)
  })

  test('resource may repeat (RFC 8707 §2)', () => {
    expect(parsed('resource=https://a&resource=&resource=https://b')).toEqual({ resource: 'https://a https://b' })
  })

  test('broken percent-encoding, invalid UTF-8 and NUL are refused', () => {
    const malformed = ['a=%', 'a=%4', 'a=%zz', '%=a', 'a=%ff', 'a=%c3', 'a=%ed%a0%80', 'a=%00', 'a\u0000=1', 'a=\ufffd']
    for (const text of malformed) expect(() => parseForm(text)).toThrow(MalformedForm)
  })

  test('no name means anything to JavaScript', () => {
    const form = parseForm('__proto__=1&constructor=2&toString=3')
    expect(Object.keys(form).sort()).toEqual(['__proto__', 'constructor', 'toString'])
    expect(form.hasOwnProperty).toBeUndefined()
  })
})
