import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ADMIN, auditAbout, clientRow, fieldsOf, revisionsOf } from '../clients/support'
import { basic, issueMachineToken, issueTokens } from '../oauth/support'
import { type ClientRow, openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const APPS = '/apps'
const HOSTILE = `<script>alert(1)</script>"'&`
const CALLBACK = 'https://app.example/cb'

/** Every route about one application; `:item` stands for a grant that is not there. */
const ROUTES: readonly (readonly ['GET' | 'POST', string])[] = [
  ['GET', `${APPS}/:id`],
  ['GET', `${APPS}/:id/edit`],
  ['GET', `${APPS}/:id/tokens`],
  ['GET', `${APPS}/:id/regenerate-secret`],
  ['GET', `${APPS}/:id/delete`],
  ['POST', `${APPS}/:id`],
  ['POST', `${APPS}/:id/regenerate-secret`],
  ['POST', `${APPS}/:id/end-overlap`],
  ['POST', `${APPS}/:id/resubmit`],
  ['POST', `${APPS}/:id/withdraw`],
  ['POST', `${APPS}/:id/delete`],
  ['POST', `${APPS}/:id/grants/:item/revoke`],
  ['POST', `${APPS}/:id/tokens/:item/revoke`],
  ['POST', `${APPS}/:id/tokens/revoke-all`],
]
const OPEN: readonly (readonly ['GET' | 'POST', string])[] = [
  ['GET', APPS],
  ['GET', `${APPS}/new`],
  ['POST', APPS],
]

const decoded = (html: string) =>
  html.replaceAll('&#39;', "'").replaceAll('&#x27;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')

describe.each(databases)('pages of own applications on %s', (_name, open) => {
  let app: TestApp
  let alice: UserRow
  let signedIn: SignedIn
  beforeAll(async () => {
    app = await openTestApp({
      open,
      settings: { ENABLE_RATE_LIMIT: 'false', SESSION_MAX_AGE: '36000', MAX_APPS_PER_USER: '1000' },
    })
    alice = await app.insertUser({ username: 'alice', usernameNorm: 'alice' })
    signedIn = await app.signIn(alice)
  })
  afterAll(() => app.close())

  const get = (path: string, who: SignedIn | undefined = signedIn) =>
    app.get(path, { headers: { accept: 'text/html', ...(who && { cookie: who.cookie }) } })
  const post = (path: string, fields: Record<string, string> = {}, who: SignedIn | undefined = signedIn) =>
    app.postForm(
      path,
      { csrf_token: who?.csrfToken ?? '', ...fields },
      { accept: 'text/html', ...(who && { cookie: who.cookie }) },
    )
  const textOf = async (path: string, who?: SignedIn) => decoded(await (await get(path, who)).text())
  const confidential = {
    ...{ clientType: 'confidential', enableAuthCodeFlow: true, enableClientCredentialsFlow: true },
    redirectUris: CALLBACK,
  }
  const owned = (overrides: Partial<ClientRow> = {}) =>
    app.insertClient({ ...fieldsOf(confidential), userId: alice.id, origin: 'owner', ...overrides })
  const typed = {
    ...{ client_name: 'My tool', client_type: 'public', enable_device_flow: 'true', scopes: 'email profile' },
    ...{ description: '', redirect_uris: '', project: '', service_account: '' },
  }
  const made = async (fields: Record<string, string>, who?: SignedIn) => {
    // Equal times would not tell the newest.
    app.clock.advance(10)
    const answer = await post(APPS, { ...typed, ...fields }, who)
    return { answer, location: answer.headers.get('location') ?? '' }
  }
  const newest = async () => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.oauthApplications)
    return rows.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0] as ClientRow
  }
  const freshUser = async () => {
    const user = await app.insertUser()
    return { user, who: await app.signIn(user) }
  }

  describe('who may', () => {
    const filled = (path: string, { clientId }: ClientRow) =>
      path.replace(':id', clientId).replace(':item', crypto.randomUUID())

    test.each([...OPEN, ...ROUTES])('%s %s: strangers are sent to the login [SEC]', async (method, path) => {
      const target = filled(path, await owned())
      const request = new Request(`${app.ctx.settings.origin}${target}`, { method, redirect: 'manual' })
      const answer = await app.handle(request)
      expect([answer.status, answer.headers.get('location')?.slice(0, 16)]).toEqual([302, '/login?redirect='])
    })

    test.each(ROUTES)('%s %s: nobody but the owner, not even an administrator [SEC]', async (method, path) => {
      for (const role of ['user', 'admin'] as const) {
        const client = await owned({ status: 'inactive' })
        const other = await app.signIn(await app.insertUser({ role }))
        const answer = await (method === 'GET'
          ? get(filled(path, client), other)
          : post(filled(path, client), {}, other))
        expect([role, answer.status]).toEqual([role, 403])
        const text = method === 'GET' ? 'You do not have access to this app' : 'you do not own this client'
        expect(await answer.text()).toContain(text)
        expect(await clientRow(app, client.clientId)).toMatchObject({ version: 1, status: 'inactive' })
      }
    })

    test.each(ROUTES)('%s %s: 404 for what is not there', async (method, path) => {
      for (const id of [crypto.randomUUID(), '%00', 'x'.repeat(300)]) {
        const gone = path.replace(':id', id).replace(':item', '1')
        const answer = await (method === 'GET' ? get(gone) : post(gone))
        expect([id, answer.status]).toEqual([id, 404])
        expect(await answer.text()).toContain('App not found')
      }
    })

    test.each([...OPEN, ...ROUTES].filter(([method]) => method === 'GET'))('%s %s: the owner', async (_, path) => {
      const answer = await get(filled(path, await owned({ status: 'pending' })))
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    })

    test.each([...OPEN, ...ROUTES].filter(([method]) => method === 'POST'))(
      '%s %s: not without the form’s token [SEC]',
      async (_, path) => {
        const client = await owned({ status: 'inactive' })
        const foreign = await app.signIn(await app.insertUser())
        for (const csrf_token of ['', foreign.csrfToken]) {
          const answer = await post(filled(path, client), { ...typed, csrf_token })
          expect(answer.status).toBe(403)
          expect(await answer.text()).toContain('CSRF token validation failed')
        }
        expect(await clientRow(app, client.clientId)).toMatchObject({ version: 1 })
      },
    )

    test.each([
      ['POST', `${APPS}/:id/regenerate-secret`],
      ['POST', `${APPS}/:id/delete`],
      ['GET', `${APPS}/:id/regenerate-secret`],
      ['GET', `${APPS}/:id/delete`],
    ])('%s %s: asks to confirm a sign-in that is old [SEC]', async (method, path) => {
      const client = await owned({ status: 'pending' })
      const old = await app.signIn(alice)
      app.clock.advance(11 * 60_000)
      const answer = await (method === 'GET' ? get(filled(path, client), old) : post(filled(path, client), {}, old))
      expect([answer.status, answer.headers.get('location')?.split('?')[0]]).toEqual([302, '/account/confirm'])
      expect(await clientRow(app, client.clientId)).toMatchObject({ version: 1 })
      signedIn = await app.signIn(alice)
    })
  })

  describe('registering', () => {
    test('a public one waits and has no secret', async () => {
      const { answer, location } = await made({})
      const client = await newest()
      expect([answer.status, location]).toEqual([302, `${APPS}/${client.clientId}`])
      expect(client).toMatchObject({ status: 'pending', userId: alice.id, clientSecret: null, scopes: 'email profile' })
      const html = await textOf(location)
      expect(html).toContain('My tool was registered and waits for approval.')
      expect(html).toContain('An administrator has not approved this app yet')
      expect(html).not.toContain('ago_')
    })

    test('a confidential one shows its secret once, in no address and no log [SEC]', async () => {
      const { location } = await made({ client_type: 'confidential' })
      expect(location).toMatch(/^\/account\/reveal\/[\w-]+$/)
      const html = await textOf(location)
      const [secret = ''] = /ago_[a-z2-7]{52}/.exec(html) ?? []
      expect(secret).not.toBe('')
      expect(html).toContain('App Registered')
      expect((await get(location)).status).toBe(410)
      const client = await newest()
      for (const page of ['', '/edit', '/tokens'])
        expect(await textOf(`${APPS}/${client.clientId}${page}`)).not.toContain(secret)
      expect(JSON.stringify([app.log(), await auditAbout(app, client.clientId), client])).not.toContain(secret)
    })

    test('what an owner may not set is not taken from the form [SEC]', async () => {
      await made({
        status: 'active',
        token_profile: 'long',
        allow_introspection: 'true',
        client_type: '',
        user_id: 'x',
      })
      expect(await newest()).toMatchObject({
        ...{ status: 'pending', tokenProfile: 'standard', allowIntrospection: false, clientType: 'confidential' },
        userId: alice.id,
      })
    })

    test.each<[string, Record<string, string>, string]>([
      ['a blank name', { client_name: '   ' }, 'client name is required'],
      [
        'a foreign scope',
        { scopes: 'email admin' },
        'Invalid scope: admin. Allowed scopes are: email, profile, openid, offline_access',
      ],
      [
        'the code flow without URI',
        { enable_auth_code_flow: 'true' },
        'at least one redirect URI is required when Authorization Code Flow is enabled',
      ],
      ['ftp', { redirect_uris: 'ftp://x' }, 'invalid redirect_uri: "ftp://x" must use http or https scheme'],
      ['no host', { redirect_uris: 'https:///x' }, 'invalid redirect_uri: "https:///x" must have a host'],
      [
        'a fragment',
        { redirect_uris: 'https://x/#f' },
        'invalid redirect_uri: "https://x/#f" must not contain a fragment',
      ],
      [
        'credentials without secret',
        { enable_client_credentials_flow: 'true' },
        'client credentials flow requires a confidential client',
      ],
      [
        'a bad project',
        { project: '-x' },
        'project must be empty or 1–64 characters of letters, digits, underscore, dot, or hyphen, and start/end with a letter or digit',
      ],
      [
        'a bad service account',
        { service_account: '@x' },
        'service_account must be empty or 1–255 characters of letters, digits, underscore, dot, at-sign, or hyphen, starting with a letter or digit',
      ],
    ])('%s is refused at its field, and the rest of the form is kept', async (_, fields, message) => {
      const before = await newest()
      const { answer } = await made({ description: 'Kept & safe', ...fields })
      expect(answer.status).toBe(400)
      const html = decoded(await answer.text())
      expect(html).toContain(message)
      expect(html).toContain('Kept & safe')
      expect(html).toContain('role="alert"')
      for (const value of Object.values(fields)) if (value !== 'true') expect(html).toContain(value.trim())
      expect(await newest()).toEqual(before)
    })

    test('texts of any kind stay texts [SEC]', async () => {
      await made({
        client_name: HOSTILE,
        description: HOSTILE,
        redirect_uris: `https://x/?q=${encodeURIComponent(HOSTILE)}`,
      })
      const { clientId, clientName } = await newest()
      expect(clientName).toBe(HOSTILE)
      for (const path of [APPS, ...['', '/edit', '/tokens', '/delete'].map((page) => `${APPS}/${clientId}${page}`)])
        expect(await (await get(path)).text()).not.toContain('<script>alert')
      const long = await made({ client_name: HOSTILE.repeat(300), description: `${HOSTILE}\u202e`, scopes: HOSTILE })
      expect(long.answer.status).toBe(400)
      const html = await long.answer.text()
      expect(html).not.toContain('<script>alert')
      expect(html).toContain('description must not contain control or bidirectional characters')
    })

    test('one’s applications may be as many as the server allows', async () => {
      const limited = await openTestApp({ open, settings: { MAX_APPS_PER_USER: '0' } })
      const who = await limited.signIn(await limited.insertUser())
      const answer = await limited.postForm(APPS, { ...typed, csrf_token: who.csrfToken }, { cookie: who.cookie })
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('You have as many apps as are allowed')
      await limited.close()
    })

    test('no more than ten in a minute', async () => {
      const limited = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'true' } })
      const who = await limited.signIn(await limited.insertUser())
      const send = () => limited.postForm(APPS, { ...typed, csrf_token: who.csrfToken }, { cookie: who.cookie })
      for (let n = 0; n < 10; n += 1) expect((await send()).status).toBe(302)
      const refused = await send()
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).not.toBeNull()
      await limited.close()
    })
  })

  describe('changing', () => {
    const formOf = (changes: Record<string, string> = {}) => ({
      ...{ client_name: 'My tool', description: '', client_type: 'confidential', scopes: 'email profile' },
      ...{ enable_device_flow: 'true', enable_auth_code_flow: 'true', enable_client_credentials_flow: 'true' },
      ...{ redirect_uris: CALLBACK, project: '', service_account: '' },
      ...changes,
    })

    test('an approved one: the change waits, is shown as a difference, and can be taken back', async () => {
      const client = await owned()
      const path = `${APPS}/${client.clientId}`
      const answer = await post(path, formOf({ redirect_uris: 'https://new.example/cb', version: '1' }))
      expect([answer.status, answer.headers.get('location')]).toEqual([302, path])
      expect(await clientRow(app, client.clientId)).toMatchObject({ redirectUris: [CALLBACK], status: 'active' })
      const html = await textOf(path)
      expect(html).toContain('The change waits for approval.')
      expect(html).toContain('Change waiting for approval')
      expect(html).toMatch(/<del[^>]*>https:\/\/app\.example\/cb<\/del>/)
      expect(html).toMatch(/<ins[^>]*>https:\/\/new\.example\/cb<\/ins>/)
      expect(await textOf(`${path}/edit`)).toContain('https://new.example/cb')
      expect((await post(`${path}/withdraw`, { version: '2' })).status).toBe(302)
      expect(await revisionsOf(app, client.clientId)).toEqual([])
    })

    test('without grants is refused, a stale form too, and nothing typed is lost', async () => {
      const client = await owned()
      const path = `${APPS}/${client.clientId}`
      const none = { enable_device_flow: '', enable_auth_code_flow: '', enable_client_credentials_flow: '' }
      const refused = await post(path, formOf({ ...none, description: 'Kept' }))
      expect(refused.status).toBe(400)
      expect(await refused.text()).toContain('at least one grant type must be enabled')
      await post(path, formOf({ description: 'First', version: '1' }))
      const stale = await post(path, formOf({ description: 'Second', version: '1' }))
      expect(stale.status).toBe(409)
      const html = await stale.text()
      expect(html).toContain('The app was changed meanwhile')
      expect(html).toContain('Second')
      expect(await clientRow(app, client.clientId)).toMatchObject({ description: 'First', version: 2 })
    })

    test('a form that knows none of the newer fields leaves them alone', async () => {
      const client = await owned({ clientUri: 'https://home.example', postLogoutRedirectUris: [CALLBACK] })
      await post(`${APPS}/${client.clientId}`, formOf())
      expect(await revisionsOf(app, client.clientId)).toEqual([])
    })

    test('a foreign scope is refused in the words for changes', async () => {
      const client = await owned()
      const answer = await post(`${APPS}/${client.clientId}`, formOf({ scopes: 'email root' }))
      expect(decoded(await answer.text())).toContain('scope not allowed for user-created clients: "root"')
    })

    test('a rejected one says why, and is submitted again', async () => {
      const client = await owned({ status: 'pending' })
      const { reject } = await import('../../src/clients/review')
      await reject(app.ctx, { client }, ADMIN, `Because ${HOSTILE}`)
      const path = `${APPS}/${client.clientId}`
      expect(await textOf(path)).toContain('Reason: Because ')
      expect((await post(`${path}/resubmit`, { version: '2' })).status).toBe(302)
      expect(await clientRow(app, client.clientId)).toMatchObject({ status: 'pending' })
      expect((await post(`${path}/resubmit`)).status).toBe(400)
    })
  })

  describe('the secret', () => {
    const token = (client: ClientRow, secret: string) =>
      app.postForm('/oauth/token', { grant_type: 'client_credentials' }, basic(client.clientId, secret))

    test('is replaced once, however often the page is loaded; the old one works during the overlap only', async () => {
      const client = await owned({ scopes: 'email profile' })
      const answer = await post(`${APPS}/${client.clientId}/regenerate-secret`, { overlap: '3600', version: '1' })
      const location = answer.headers.get('location') ?? ''
      const html = await textOf(location)
      expect(html).toContain('Client Secret Regenerated')
      expect(html).toContain('The old secret goes on working for 1 hour.')
      const [secret = ''] = /ago_[a-z2-7]{52}/.exec(html) ?? []
      expect((await get(location)).status).toBe(410)
      expect(await clientRow(app, client.clientId)).toMatchObject({ version: 2 })
      expect([(await token(client, secret)).status, (await token(client, client.secret)).status]).toEqual([200, 200])
      const detail = await textOf(`${APPS}/${client.clientId}`)
      expect(detail).toContain('The secret before it still works until')
      app.clock.advance(3_600_001)
      expect([(await token(client, secret)).status, (await token(client, client.secret)).status]).toEqual([200, 401])
      signedIn = await app.signIn(alice)
    })

    test('the overlap can be ended', async () => {
      const client = await owned({ scopes: 'email profile' })
      await post(`${APPS}/${client.clientId}/regenerate-secret`, { overlap: '604800' })
      expect((await token(client, client.secret)).status).toBe(200)
      await post(`${APPS}/${client.clientId}/end-overlap`)
      expect((await token(client, client.secret)).status).toBe(401)
    })

    test('a form sent twice replaces it once; a public one has none', async () => {
      const client = await owned()
      const path = `${APPS}/${client.clientId}/regenerate-secret`
      const both = await Promise.all([post(path, { version: '1' }), post(path, { version: '1' })])
      expect(both.map(({ status }) => status).toSorted()).toEqual([302, 409])
      const bare = await owned({ clientType: 'public', clientSecret: null })
      const refused = await post(`${APPS}/${bare.clientId}/regenerate-secret`)
      expect(refused.status).toBe(400)
      expect(await refused.text()).toContain('A public app has no secret.')
      expect(await textOf(`${APPS}/${bare.clientId}`)).not.toContain('Regenerate Secret')
    })
  })

  test('deleting: not while active; else it says what stopped', async () => {
    const active = await owned()
    const refused = await post(`${APPS}/${active.clientId}/delete`)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('cannot delete an active client')
    const client = await owned({ status: 'inactive', clientName: 'Goner' })
    expect(await textOf(`${APPS}/${client.clientId}/delete`)).toContain('Nobody uses it now.')
    const answer = await post(`${APPS}/${client.clientId}/delete`, { version: '1' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, APPS])
    expect(await textOf(APPS)).toContain('Goner was deleted; 0 tokens stopped working.')
    expect(await clientRow(app, client.clientId)).toBeUndefined()
  })

  test('tokens: the owner learns a name only where the app may [SEC], and revokes', async () => {
    const client = await owned()
    const [known, unknown] = [await app.insertUser(), await app.insertUser()]
    const { familyId } = await issueTokens(app, { user: known, client, scope: 'profile email' })
    await issueTokens(app, { user: unknown, client, scope: 'email' })
    await issueMachineToken(app, client)
    const path = `${APPS}/${client.clientId}/tokens`
    const html = await textOf(path)
    expect(html).toContain(known.username)
    expect(html).not.toContain(unknown.username)
    expect(html).toContain('Showing 2 total grants')
    await post(`${APPS}/${client.clientId}/grants/${familyId}/revoke`)
    expect(await textOf(path)).toContain('The grant was revoked: 2 tokens stopped working.')
    expect((await post(`${APPS}/${client.clientId}/grants/${familyId}/revoke`)).status).toBe(409)
    await post(`${APPS}/${client.clientId}/tokens/revoke-all`)
    const after = await textOf(path)
    expect(after).toContain('All access was revoked: 3 tokens stopped working.')
    expect(after).toContain('Nobody has access')
  })

  test('lists: empty, searched without hits, filtered, paged, and only one’s own', async () => {
    const { user, who } = await freshUser()
    expect(await textOf(APPS, who)).toContain('No apps yet')
    for (let n = 0; n < 12; n += 1)
      await owned({
        userId: user.id,
        clientName: `App ${n}`,
        createdAt: new Date(n * 1000),
        status: n < 3 ? 'pending' : 'active',
      })
    const html = await textOf(`${APPS}?search=App&page=2`, who)
    expect(html).toContain('Page 2 of 2')
    expect(html).toContain('search=App')
    expect(html).not.toContain('My tool')
    expect(await textOf(`${APPS}?status=pending`, who)).toContain('Showing 3 total apps')
    expect(await textOf(`${APPS}?search=nothing`, who)).toContain('No apps found')
    expect(await textOf(`${APPS}?search=${encodeURIComponent(`%00'"<x>`)}&page=-1&status=x`, who)).toContain('No apps')
  })
})
