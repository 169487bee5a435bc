import { describe, expect, test } from 'bun:test'
import { samples } from './samples'

const now = new Date('2026-03-01T12:00:00Z')
const pages = samples({ now })

describe('every page', () => {
  const hostile = `<i>"'&</i>`
  test.each(samples({ now, text: hostile }))('$name: hostile text stays text', ({ html }) => {
    expect(html).not.toContain('<i>')
    expect(html).not.toContain('"\'&')
    expect(html).toContain('&lt;i&gt;')
  })

  test.each(samples({ now, text: 'javascript:alert(1)' }))('$name: no link runs a script', ({ html }) => {
    expect(html).not.toMatch(/\s(?:href|src|action|formaction)="\s*javascript:/i)
  })

  test.each(pages)('$name: nothing inline that the policy blocks', ({ html }) => {
    expect(html).not.toMatch(/\son\w+=/)
    expect(html).not.toMatch(/\sstyle=/)
    expect(html).not.toContain('<style')
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/)
  })

  test.each(pages)('$name: language, title, skip link, one main part', ({ html }) => {
    expect(html).toStartWith('<!doctype html><html lang="en"')
    expect(html).toMatch(/<title>[^<]+ - AuthGate<\/title>/)
    expect(html).toContain('href="#main-content"')
    expect(html.match(/<main /g)).toHaveLength(1)
  })

  test.each(pages)('$name: every form posts with a token, every id occurs once', ({ html }) => {
    const forms = html.match(/<form [\s\S]*?<\/form>/g) ?? []
    for (const form of forms) {
      // A search changes nothing.
      if (form.startsWith('<form method="get" action="/')) continue
      expect(form).toStartWith('<form method="post" action="/')
      expect(form).toMatch(/name="csrf_token" value="[^"]+"/)
    }
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test.each(samples({ now, frame: { basePath: '/auth' } }))('$name: every address is below BASE_URL', ({ html }) => {
    const addresses = [...html.matchAll(/\s(?:href|src|action)="(\/[^"]*)"/g)].map((match) => match[1])
    // The one link that the caller gives complete.
    expect(addresses.filter((address) => !address?.startsWith('/auth/') && address !== '/device')).toEqual([])
  })
})

const page = (name: string): string => pages.find((sample) => sample.name === name)?.html ?? ''
const attributesOf = (html: string, name: string): string =>
  new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(html)?.[0] ?? ''

describe('sign in', () => {
  test('password managers are told what each field is', () => {
    expect(attributesOf(page('login'), 'username')).toContain('autocomplete="username"')
    expect(attributesOf(page('login'), 'password')).toContain('autocomplete="current-password"')
    expect(attributesOf(page('change-password'), 'password')).toContain('autocomplete="new-password"')
    expect(attributesOf(page('change-password'), 'password_confirm')).toContain('autocomplete="new-password"')
  })

  test('the password is never sent back, the user name is, and focus goes to what is missing', () => {
    const html = page('login-error')
    expect(attributesOf(html, 'username')).toContain('value="alice"')
    expect(attributesOf(html, 'password')).not.toContain('value=')
    expect(attributesOf(html, 'password')).toContain('autofocus')
    expect(attributesOf(page('login'), 'username')).toContain('autofocus')
  })

  test('an error is tied to its fields', () => {
    expect(page('login-error')).toContain('id="login-error"')
    expect(attributesOf(page('login-error'), 'password')).toContain('aria-describedby="login-error"')
  })

  test('staying signed in is offered with its length, or not at all', () => {
    expect(page('login')).toContain('Remember me for 30 days')
    expect(page('login-error')).toContain('Remember me for 1 day<')
    expect(page('login-plain')).not.toContain('remember_me')
  })

  test('a password set by somebody else is replaced without asking for it again', () => {
    expect(page('change-password-forced')).not.toContain('name="current_password"')
    expect(page('change-password')).toContain('name="current_password"')
  })
})

describe('device confirmation (RFC 8628 §5.4)', () => {
  test('who asks, what for, from where, the code to compare, and when to deny', () => {
    const html = page('device-confirm')
    for (const text of [
      'Acme CLI',
      'Provided by your organisation',
      'WDJB-MJHT',
      'See your email address',
      '203.0.113.7',
    ])
      expect(html).toContain(text)
    expect(html).toContain('Deny if you did not start this yourself')
  })

  test('nothing to press but the decision', () => {
    const html = page('device-confirm')
    expect(html).not.toContain('<nav')
    expect([...html.matchAll(/<a [^>]*href="([^"]*)"/g)].map((match) => match[1])).toEqual(['#main-content'])
    expect([...html.matchAll(/<button[^>]* value="(\w+)"/g)].map((match) => match[1])).toEqual(['deny', 'approve'])
    expect(html.match(/<button/g)).toHaveLength(2)
    expect(html).not.toContain('autofocus')
  })

  test('a foreign network and an unverified application are said', () => {
    const html = page('device-confirm-self-registered')
    expect(html).toContain('Not verified by anybody')
    expect(html).toContain('another network')
    expect(page('device-confirm-long')).toContain('Registered by Nora Novak')
  })

  test('the code on the entry page is shown as it came and never taken for known (RFC 8628 §3.3.1)', () => {
    expect(attributesOf(page('device-entry-filled'), 'user_code')).toContain('value="WDJB-MJHT"')
    expect(page('device-entry-filled')).not.toContain('Acme CLI')
  })
})

describe('sessions', () => {
  test('the session in use cannot be ended from the list, inactive grants offer nothing', () => {
    const html = page('sessions')
    expect(html).not.toContain('/account/sessions/s0/end')
    expect(html).toContain('action="/account/sessions/s1/end"')
    expect(html).toContain('action="/account/sessions/end-others"')
    expect(html).toContain('action="/account/sessions/g0/revoke"')
    expect(html).not.toContain('/account/sessions/g2/revoke')
  })

  test('empty lists say what would be there and offer the first step', () => {
    expect(page('sessions-empty')).toContain('No application has access')
    expect(page('sessions-empty')).not.toContain('end-others')
  })

  test('every message of this page view is shown', () => {
    const html = page('sessions-many')
    for (const text of ['signed out everywhere else', 'Your password was changed', '2 tokens stopped'])
      expect(html).toContain(text)
  })

  test('moments are machine-readable and in UTC for browsers without scripts', () => {
    expect(page('sessions')).toContain(
      '<time datetime="2026-03-01T11:55:00.000Z" data-relative>2026-03-01 11:55 UTC</time>',
    )
  })
})

test('errors carry the request id to quote', () => {
  expect(page('error')).toContain('01JD9Z5V8Q3N7M2K4T6W')
  expect(page('error-plain')).not.toContain('Request id')
})
