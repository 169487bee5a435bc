/** Every answer of the service and what it means. */
import { describe, expect, test } from 'bun:test'
import { readVerdict } from '../../../src/identity/http-api/response'

const read = (body: unknown, { status = 200, contentType = 'application/json' } = {}) =>
  readVerdict({
    status,
    contentType,
    retryAfter: undefined,
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  })
const YES = { success: true, user_id: 'e1' }
const NOBODY = { email: '', fullName: '', username: '' }

describe('accepted', () => {
  test('texts are trimmed, what is missing or null is empty, other members are ignored', () => {
    const identity = { id: 'e1', email: 'a@x', fullName: 'A B', username: 'alice' }
    expect(
      read({ success: true, user_id: ' e1 ', email: ' a@x ', full_name: ' A B ', username: ' alice ', role: 'admin' }),
    ).toEqual({ kind: 'accepted', identity })
    for (const absent of [YES, { ...YES, email: null, full_name: null, username: null }])
      expect(read(absent)).toEqual({ kind: 'accepted', identity: { id: 'e1', ...NOBODY } })
  })

  test('an integer id is its decimal text', () => {
    expect(read({ success: true, user_id: 42 })).toMatchObject({ identity: { id: '42' } })
    expect(read({ success: true, user_id: 0 })).toMatchObject({ identity: { id: '0' } })
  })

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/problem+json'])(
    'Content-Type %s is JSON',
    (contentType) => expect(read(YES, { contentType }).kind).toBe('accepted'),
  )

  test('a user name nobody can store, or of another type, counts as not given', () => {
    for (const username of [7, {}, 'a\u0000b', 'x'.repeat(256), '\ud800', 'two\nlines'])
      expect(read({ ...YES, username })).toMatchObject({ kind: 'accepted', identity: { username: '' } })
  })
})

describe('rejected', () => {
  test.each([{ success: false }, { success: false, user_id: 'e1' }, {}, { success: null }, { user_id: 'e1' }])(
    '%j',
    (body) => expect(read(body)).toEqual({ kind: 'rejected', text: 'authentication API rejected credentials' }),
  )
  test.each([400, 401, 403, 404, 422])('HTTP %d, without a word of what it says [SEC]', (status) => {
    expect(read(undefined, { status })).toEqual({
      kind: 'rejected',
      text: `authentication API rejected credentials: HTTP ${status}`,
    })
  })
})

describe('unusable', () => {
  test.each<[unknown, string]>([
    ['invalid json', 'not a JSON object'],
    ['', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"success"', 'not a JSON object'],
    [{ success: 'true', user_id: 'e1' }, 'success is not a boolean'],
    [{ success: 1, user_id: 'e1' }, 'success is not a boolean'],
    [{ success: true }, 'external API returned success=true but missing user_id'],
    [{ success: true, user_id: null }, 'external API returned success=true but missing user_id'],
    [{ success: true, user_id: '  ' }, 'external API returned success=true but missing user_id'],
    [{ success: true, user_id: 1.5 }, 'user_id is neither a string nor an integer'],
    ['{"success":true,"user_id":9007199254740993}', 'user_id is neither a string nor an integer'],
    [{ success: true, user_id: ['e1'] }, 'user_id is neither a string nor an integer'],
    [{ success: true, user_id: true }, 'user_id is neither a string nor an integer'],
    [{ success: true, user_id: 'e\u0000' }, 'user_id is too long or has control characters'],
    [{ success: true, user_id: 'e'.repeat(256) }, 'user_id is too long or has control characters'],
    [{ ...YES, email: 5 }, 'email is not a string'],
    [{ ...YES, full_name: {} }, 'full_name is not a string'],
    [undefined, 'longer than 64 KiB, or cut off'],
  ])('%j', (body, detail) => {
    expect(read(body)).toEqual({ kind: 'unusable', text: `invalid response from authentication API: ${detail}` })
  })

  test.each(['text/html', 'text/plain', '', 'application/jsonp', 'text/json'])('Content-Type %s', (contentType) => {
    expect(read(YES, { contentType }).kind).toBe('unusable')
  })

  test.each([301, 302, 303, 307, 308])('HTTP %d: redirects are not followed [SEC]', (status) => {
    expect(read(undefined, { status }).kind).toBe('unusable')
  })
})
