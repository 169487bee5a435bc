/** RP-initiated logout: who may sign a browser out without asking, and where it goes (RP-Initiated Logout 1.0). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signJwt } from '../../src/tokens/jwt'
import { loadKeyRing } from '../../src/tokens/keys'
import { audited } from '../identity/audit-rows'
import { type ClientRow, openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { testSettings } from '../support/settings'
import { ec, privatePem, publicPem } from '../tokens/keys-support'
import { grantInSession } from './logout-support'
import { decode } from './support'

const PATH = '/oauth/end_session'
const BACK = 'https://app.example/signed-out?from=here'
const COOKIE_GONE = 'oauth_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'

/** What readers of URLs may take for the registered address, and what they may follow elsewhere. */
const MUTATIONS = [
  'https://app.example/signed-out',
  'https://app.example/signed-out?',
  'https://app.example/signed-out?from=here&x=1',
  'https://app.example/signed-out?from=here&',
  'https://app.example/signed-out?from=here#',
  'https://app.example/signed-out?from=here#x',
  'https://app.example/signed-out?from=here ',
  ' https://app.example/signed-out?from=here',
  'https://app.example/signed-out?from=%68ere',
  'https://app.example/signed-out?FROM=here',
  'https://app.example/signed-out/?from=here',
  'https://app.example//signed-out?from=here',
  'https://app.example/./signed-out?from=here',
  'https://app.example/x/../signed-out?from=here',
  'https://app.example/signed%2Dout?from=here',
  'https://app.example/Signed-out?from=here',
  'https://app.example:443/signed-out?from=here',
  'https://app.example:8443/signed-out?from=here',
  'https://APP.example/signed-out?from=here',
  'HTTPS://app.example/signed-out?from=here',
  'https://app.example./signed-out?from=here',
  'http://app.example/signed-out?from=here',
  'https://user@app.example/signed-out?from=here',
  'https://app.example@evil.example/signed-out?from=here',
  'https://app.example.evil.example/signed-out?from=here',
  'https://evil.example/signed-out?from=here',
  'https://evil.example/https://app.example/signed-out?from=here',
  'https://xapp.example/signed-out?from=here',
  'https://sub.app.example/signed-out?from=here',
  'https:\\\\app.example\\signed-out?from=here',
  'https:/app.example/signed-out?from=here',
  'https:app.example/signed-out?from=here',
  '//app.example/signed-out?from=here',
  '/signed-out?from=here',
  '/\\evil.example',
  'signed-out?from=here',
  'https://app.example/signed-out?from=here\r\nSet-Cookie: x=1',
  'https://app.example/signed-out?from=here\n',
  'https://app.example/signed-out?from=here\t',
  'https://app.example/signed\u2010out?from=here',
  'https://\u0430pp.example/signed-out?from=here',
  'https://app\u3002example/signed-out?from=here',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'com.example.app:/out',
  'https://app.example/*',
  '*',
  'null',
]

const query = (fields: Record<string, string>): string => `${PATH}?${new URLSearchParams(fields)}`

describe.each(databases)('end session on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let client: ClientRow
  let otherClient: ClientRow
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { JWT_EXPIRATION_JITTER: '0s' } })
    user = await app.insertUser()
    client = await app.insertClient({ clientName: 'Acme Portal', postLogoutRedirectUris: [BACK] })
    otherClient = await app.insertClient({ postLogoutRedirectUris: ['https://other.example/out'] })
  })
  afterAll(() => app.close())

  /** A session in which the application got tokens; `hint` is its ID token. */
  async function signedIn(who = user, at = client) {
    const session = await app.signIn(who)
    const tokens = await grantInSession(app, who, at, session.sid)
    return { ...session, tokens, hint: tokens.id_token }
  }
  type Session = { readonly cookie: string }

  const end = async (fields: Record<string, string>, session?: Session) =>
    app.get(query(fields), { headers: session ? { cookie: session.cookie } : {} })
  const isLive = async ({ cookie }: Session) =>
    (await app.get('/account/sessions', { headers: { cookie } })).status === 200

  /** `back`, `asks`, `done` or `refused`, with a note whether the page has a warning. */
  async function outcome(response: Response): Promise<string> {
    const location = response.headers.get('location')
    if (location !== null) return location === BACK ? 'back' : `to ${location}`
    const text = await response.text()
    const page = text.includes('Sign out?') ? 'asks' : text.includes('>Signed out<') ? 'done' : 'error page'
    return text.includes('You will not be sent back') ? `${page} with a warning, ${response.status}` : page
  }
  const resigned = async (token: string, changes: Record<string, unknown>, typ: 'JWT' | 'at+jwt' = 'JWT') =>
    await signJwt(app.ctx.keys, typ, JSON.stringify({ ...decode(token).payload, ...changes }))

  describe('a hint made for this very session', () => {
    test('signs out at once and leads back with the state; cookie, cache, record', async () => {
      const session = await signedIn()
      const state = 'a b&c=d#é'
      const response = await end({ id_token_hint: session.hint, post_logout_redirect_uri: BACK, state }, session)
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe(`${BACK}&${new URLSearchParams({ state })}`)
      expect(response.headers.getSetCookie()).toEqual([COOKIE_GONE])
      expect(response.headers.get('clear-site-data')).toBe('"cache"')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await isLive(session)).toBe(false)
      const rows = await audited(app, 'LOGOUT', ({ details }) => JSON.stringify(details).includes(session.sid))
      expect(rows).toMatchObject([{ actorUserId: user.id, resourceType: 'USER', resourceId: user.id, success: true }])
    })

    test('an address without query gets one', async () => {
      const plain = await app.insertClient({
        postLogoutRedirectUris: ['https://plain.example/', 'com.example.app:/out'],
      })
      const answer = async (uri: string) => {
        const session = await signedIn(user, plain)
        const fields = { id_token_hint: session.hint, post_logout_redirect_uri: uri, state: 's' }
        return (await end(fields, session)).headers.get('location')
      }
      expect(await answer('https://plain.example/')).toBe('https://plain.example/?state=s')
      expect(await answer('com.example.app:/out')).toBe('com.example.app:/out?state=s')
    })

    test('without an address it ends on a page of this server', async () => {
      const session = await signedIn()
      const response = await end({ id_token_hint: session.hint, client_id: client.clientId, state: 's' }, session)
      expect(response.status).toBe(200)
      expect(response.headers.getSetCookie()).toEqual([COOKIE_GONE])
      expect(await outcome(response)).toBe('done')
      expect(await isLive(session)).toBe(false)
    })

    test('also when it expired long ago', async () => {
      const session = await signedIn()
      const { iat, exp } = decode(session.hint).payload as { iat: number; exp: number }
      const expired = await resigned(session.hint, { iat: iat - 864_000, exp: exp - 864_000 })
      expect(await outcome(await end({ id_token_hint: expired, post_logout_redirect_uri: BACK }, session))).toBe('back')
      expect(await isLive(session)).toBe(false)
    })

    test('other parameters are ignored', async () => {
      const session = await signedIn()
      const more = { logout_hint: 'somebody', ui_locales: 'fr de', prompt: 'none' }
      const fields = { id_token_hint: session.hint, post_logout_redirect_uri: BACK, ...more }
      expect(await outcome(await end(fields, session))).toBe('back')
    })
  })

  describe('[SEC] whoever cannot prove the session is asked (§6)', () => {
    const cases: [string, (hint: string) => Promise<Record<string, string>>][] = [
      ['nothing', async () => ({})],
      ['a client id', async () => ({ client_id: client.clientId, post_logout_redirect_uri: BACK })],
      [
        'a token of another session of the same user',
        async () => ({ id_token_hint: (await signedIn()).hint, post_logout_redirect_uri: BACK }),
      ],
      [
        'a token of another user',
        async () => ({ id_token_hint: (await signedIn(await app.insertUser())).hint, post_logout_redirect_uri: BACK }),
      ],
      [
        'a token without session, as of an old grant',
        async (hint) => ({ id_token_hint: await resigned(hint, { sid: undefined }), post_logout_redirect_uri: BACK }),
      ],
    ]
    test.each(cases)('with %s; the form of that page signs out', async (_, fieldsFor) => {
      const session = await signedIn()
      const fields = await fieldsFor(session.hint)
      const response = await end(fields, session)
      expect(response.status).toBe(200)
      expect(response.headers.getSetCookie()).toEqual([])
      const text = await response.text()
      expect(text).toContain('Sign out?')
      expect(text).toContain(user.username)
      expect(await isLive(session)).toBe(true)

      const form = formOf(text)
      expect(form.csrf_token).toBe(session.csrfToken)
      const sent = await app.postForm(`${PATH}/confirm`, form, { cookie: session.cookie })
      expect(await outcome(sent)).toBe('post_logout_redirect_uri' in fields ? 'back' : 'done')
      expect(await isLive(session)).toBe(false)
    })

    test('the page names the application, and its form may lead to the registered origin only', async () => {
      const session = await signedIn()
      const fields = { client_id: client.clientId, post_logout_redirect_uri: BACK }
      const response = await end(fields, session)
      expect(response.headers.get('content-security-policy')).toEndWith("; form-action 'self' https://app.example")
      expect(await response.text()).toContain('Acme Portal')
      const plain = await end({}, session)
      expect(plain.headers.get('content-security-policy')).toEndWith("; form-action 'self'")
    })

    test('the form needs the token of this session, sent from here (CSRF)', async () => {
      const session = await signedIn()
      const foreign = await app.signIn(await app.insertUser())
      const fields = { id_token_hint: session.hint, post_logout_redirect_uri: BACK }
      const send = (more: Record<string, string>, headers: Record<string, string> = {}) =>
        app.postForm(`${PATH}/confirm`, { ...fields, ...more }, { cookie: session.cookie, ...headers })
      const own = { csrf_token: session.csrfToken }
      expect((await send({})).status).toBe(403)
      expect((await send({ csrf_token: foreign.csrfToken })).status).toBe(403)
      expect((await send(own, { origin: 'https://evil.example' })).status).toBe(403)
      expect((await send(own, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
      expect(await isLive(session)).toBe(true)
      expect(await outcome(await send(own))).toBe('back')
    })

    test('the form is checked again: what it says about the destination is not believed', async () => {
      const session = await signedIn()
      const fields = { csrf_token: session.csrfToken, client_id: client.clientId }
      const evil = { ...fields, post_logout_redirect_uri: 'https://evil.example/' }
      const answer = await app.postForm(`${PATH}/confirm`, evil, { cookie: session.cookie })
      expect(await outcome(answer)).toBe('done with a warning, 400')
      expect(await isLive(session)).toBe(false)
    })
  })

  describe('[SEC] a request that is not what it says leads nowhere, and nobody is signed out unasked (§4)', () => {
    const keep = { post_logout_redirect_uri: BACK }
    const foreignRing = loadKeyRing(testSettings())
    type Make = (
      session: Awaited<ReturnType<typeof signedIn>>,
    ) => Promise<Record<string, string>> | Record<string, string>
    const hint = (token: string) => ({ id_token_hint: token, ...keep })
    const cases: [string, Make][] = [
      [
        'a hint signed by another key',
        async ({ hint: h }) => hint(await signJwt(foreignRing, 'JWT', JSON.stringify(decode(h).payload))),
      ],
      ['a damaged signature', ({ hint: h }) => hint(h.slice(0, -6) + (h.endsWith('AAAAAA') ? 'BBBBBA' : 'AAAAAA'))],
      ['no signature', ({ hint: h }) => hint(h.slice(0, h.lastIndexOf('.') + 1))],
      ['alg none', ({ hint: h }) => hint(`${encode({ alg: 'none', typ: 'JWT' })}.${h.split('.')[1]}.`)],
      [
        'alg none with the old signature',
        ({ hint: h }) => hint(`${encode({ alg: 'none', typ: 'JWT' })}.${h.split('.').slice(1).join('.')}`),
      ],
      ['an access token', ({ tokens }) => hint(tokens.access_token)],
      ['a refresh token', ({ tokens }) => hint(tokens.refresh_token)],
      [
        'an ID token with the type of an access token',
        async ({ hint: h }) => hint(await resigned(h, { type: 'access' })),
      ],
      ['an at+jwt', async ({ hint: h }) => hint(await resigned(h, {}, 'at+jwt'))],
      ['another issuer', async ({ hint: h }) => hint(await resigned(h, { iss: 'https://evil.example' }))],
      [
        'several audiences',
        async ({ hint: h }) => hint(await resigned(h, { aud: [client.clientId, otherClient.clientId] })),
      ],
      ['an unknown audience', async ({ hint: h }) => hint(await resigned(h, { aud: crypto.randomUUID() }))],
      ['nonsense', () => hint('nonsense')],
      [
        'a client id that is not the one of the hint',
        ({ hint: h }) => ({ ...hint(h), client_id: otherClient.clientId }),
      ],
      [
        'an address of the other client',
        ({ hint: h }) => ({ id_token_hint: h, post_logout_redirect_uri: 'https://other.example/out' }),
      ],
      ['an unknown client', () => ({ ...keep, client_id: crypto.randomUUID() })],
      ['an address and no client', () => keep],
    ]
    test.each(cases)('%s', async (_, make) => {
      const session = await signedIn()
      const fields = await make(session)
      const asked = await end(fields, session)
      expect(await outcome(asked)).toBe('asks with a warning, 400')
      expect(await isLive(session)).toBe(true)
      const form = { ...fields, csrf_token: session.csrfToken }
      expect(await outcome(await app.postForm(`${PATH}/confirm`, form, { cookie: session.cookie }))).toBe(
        'done with a warning, 400',
      )
      expect(await isLive(session)).toBe(false)
      expect(await outcome(await end(fields))).toBe('done with a warning, 400')
    })

    test('a disabled application', async () => {
      const off = await app.insertClient({ postLogoutRedirectUris: [BACK], status: 'inactive' })
      const session = await app.signIn(user)
      expect(await outcome(await end({ client_id: off.clientId, post_logout_redirect_uri: BACK }, session))).toBe(
        'asks with a warning, 400',
      )
    })

    test.each(['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'])('%s sent twice', async (name) => {
      const session = await signedIn()
      const fields = new URLSearchParams({
        id_token_hint: session.hint,
        client_id: client.clientId,
        ...keep,
        state: 's',
      })
      const response = await app.get(`${PATH}?${fields}&${name}=x`, { headers: { cookie: session.cookie } })
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBeNull()
      expect(await isLive(session)).toBe(true)
    })

    test.each(MUTATIONS)('an address that is not exactly registered: %p', async (uri) => {
      const session = await signedIn()
      const fields = { id_token_hint: session.hint, post_logout_redirect_uri: uri }
      expect(await outcome(await end(fields, session))).toBe('asks with a warning, 400')
      expect(await outcome(await end(fields))).toBe('done with a warning, 400')
      expect(await isLive(session)).toBe(true)
    })
  })

  describe('without a session', () => {
    test('a checked address is followed, anything else ends here', async () => {
      const { hint } = await signedIn()
      expect(await outcome(await end({ id_token_hint: hint, post_logout_redirect_uri: BACK }))).toBe('back')
      expect(await outcome(await end({ client_id: client.clientId, post_logout_redirect_uri: BACK }))).toBe('back')
      expect(await outcome(await end({ client_id: client.clientId }))).toBe('done')
      expect(await outcome(await end({}))).toBe('done')
      expect(await outcome(await app.postForm(`${PATH}/confirm`, {}))).toBe('done')
    })

    test('a cookie that is of no use any more goes', async () => {
      const session = await signedIn()
      await app.postForm('/logout', { csrf_token: session.csrfToken }, { cookie: session.cookie })
      expect((await end({}, session)).headers.getSetCookie()).toEqual([COOKIE_GONE])
    })
  })

  test('[SEC] no other origin may read these pages, and an application of any origin may send its form', async () => {
    const cors = await openTestApp({
      settings: { CORS_ENABLED: 'true', CORS_ALLOWED_ORIGINS: 'https://spa.example' },
    })
    const listed = await cors.get(PATH, { headers: { origin: 'https://spa.example' } })
    expect(listed.status).toBe(200)
    expect(listed.headers.get('access-control-allow-origin')).toBeNull()
    expect(listed.headers.get('referrer-policy')).toBe('no-referrer')
    const confirm = await cors.postForm(`${PATH}/confirm`, {}, { origin: 'https://spa.example' })
    expect(confirm.headers.get('access-control-allow-origin')).toBeNull()
    expect((await cors.postForm(PATH, {}, { origin: 'https://app.example' })).status).toBe(303)
    await cors.close()
  })

  describe('POST', () => {
    test('goes on with GET, to which browsers add the cookie they hold back from forms of other sites', async () => {
      const session = await signedIn()
      const fields = { id_token_hint: session.hint, post_logout_redirect_uri: BACK, state: 's t' }
      const sent = await app.postForm(PATH, { ...fields, logout_hint: 'x' }, { 'sec-fetch-site': 'cross-site' })
      expect(sent.status).toBe(303)
      expect(sent.headers.get('location')).toBe(query(fields))
      const next = await app.get(sent.headers.get('location') ?? '', { headers: { cookie: session.cookie } })
      expect(next.headers.get('location')).toBe(`${BACK}&state=s+t`)
      expect(await isLive(session)).toBe(false)
    })

    test('without parameters, with too long ones, and as something else than a form', async () => {
      expect((await app.postForm(PATH, {})).headers.get('location')).toBe(PATH)
      expect((await app.postForm(PATH, { id_token_hint: 'x'.repeat(9_000) })).status).toBe(400)
      expect((await app.postForm(PATH, '{}', { 'content-type': 'application/json' })).status).toBe(415)
    })
  })
})

test('a hint signed by a key that only verifies any more is accepted; one by a removed key is not', async () => {
  const [old, current] = [ec(), ec()]
  const settings = (key: typeof old, more: Record<string, string> = {}) => ({
    JWT_SIGNING_ALGORITHM: 'ES256',
    JWT_PRIVATE_KEY_PEM: privatePem(key),
    ...more,
  })
  const folder = mkdtempSync(join(tmpdir(), 'authgate-end-session-'))
  const file = join(folder, 'old.pem')
  writeFileSync(file, publicPem(old))
  const app = await openTestApp({ settings: settings(current, { JWT_ADDITIONAL_KEY_PATHS: file }) })
  try {
    const user = await app.insertUser()
    const client = await app.insertClient({ postLogoutRedirectUris: [BACK] })
    const session = await app.signIn(user)
    const { id_token } = await grantInSession(app, user, client, session.sid)
    const payload = JSON.stringify(decode(id_token).payload)
    const by = (key: typeof old) => signJwt(loadKeyRing(testSettings(settings(key))), 'JWT', payload)
    const end = async (hint: string) =>
      await app.get(query({ id_token_hint: hint, post_logout_redirect_uri: BACK }), {
        headers: { cookie: session.cookie },
      })
    expect((await end(await by(ec()))).status).toBe(400)
    expect((await end(await by(old))).headers.get('location')).toBe(BACK)
  } finally {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function formOf(text: string): Record<string, string> {
  const inputs = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]))
}
