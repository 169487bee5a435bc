import { describe, expect, test } from 'bun:test'
import { clearCookie, readCookie, sessionCookieName, setCookie } from '../../src/edge/cookies'
import { testSettings } from '../support/settings'

const read = (cookie: string, name = 'oauth_session') =>
  readCookie(new Request('http://localhost/', { headers: { cookie } }), name)

describe('cookies', () => {
  test('the name says what browsers must check: __Host- on https at the root of a host', () => {
    const nameFor = (BASE_URL: string) => sessionCookieName(testSettings({ BASE_URL }))
    expect(nameFor('http://localhost:8080')).toBe('oauth_session')
    expect(nameFor('https://auth.example.com')).toBe('__Host-oauth_session')
    expect(nameFor('https://example.com/auth')).toBe('oauth_session')
  })

  test('attributes: HttpOnly and SameSite always, Secure on https and in production, the path of BASE_URL', () => {
    const cookieFor = (settings: Record<string, string>) => setCookie(testSettings(settings), 'n', 'v')
    expect(cookieFor({})).toBe('n=v; Path=/; HttpOnly; SameSite=Lax')
    expect(cookieFor({ BASE_URL: 'https://a.example' })).toBe('n=v; Path=/; HttpOnly; SameSite=Lax; Secure')
    expect(cookieFor({ BASE_URL: 'https://a.example/x' })).toContain('Path=/x;')
  })

  test('a cleared cookie has the same attributes and no life', () => {
    const settings = testSettings({ BASE_URL: 'https://a.example' })
    expect(clearCookie(settings, 'n')).toBe('n=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure')
  })

  test('values are read as they were sent, the first of a repeated name', () => {
    expect(read('a=1; oauth_session=x%20=y ;b=2')).toBe('x%20=y')
    expect(read('oauth_session=1; oauth_session=2')).toBe('1')
    expect(read('xoauth_session=1; oauth_session')).toBeUndefined()
    expect(read('oauth_session={"a":1}')).toBe('{"a":1}')
  })
})
