/** What has to work after a conversion, driven over HTTP from what somebody knows of the former deployment. */
import { expect } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { Database } from '../../src/db/database'
import { basic, bearer } from '../oauth/support'
import type { TestApp } from '../support/app'
import { formBrowser } from '../support/form-browser'

interface KnownUser {
  readonly username: string
  readonly password: string
  readonly disabled?: boolean
}

interface KnownClient {
  readonly id?: string
  readonly client_id?: string
  readonly secret?: string
  readonly client_secret?: string
  readonly public?: boolean
  readonly inactive?: boolean
}

export interface KnownTokens {
  readonly access_token: string
  readonly refresh_token?: string
}

export interface Facts {
  /** That the former deployment ran with. */
  readonly settings: Readonly<Record<string, string>>
  readonly users: Readonly<Record<string, KnownUser>>
  /** `full` is confidential and active, `pub` is public, `off` is inactive, `registered` waits. */
  readonly clients: Readonly<Record<string, KnownClient>>
  readonly tokens: {
    readonly live: Readonly<Record<string, KnownTokens | string>>
    readonly dead: Readonly<Record<string, KnownTokens | string>>
  }
  /** By what they are, such as `authorization code`, `device code approved`, `device code waiting`. */
  readonly unfinished: Readonly<Record<string, Readonly<Record<string, string | number>>>>
  readonly madeAt: string
}

const clientOf = ({ clients }: Facts, name: string): { id: string; secret: string; public: boolean } => {
  const { id, client_id, secret, client_secret, public: isPublic } = clients[name] ?? {}
  return {
    id: id ?? client_id ?? '',
    secret: secret ?? client_secret ?? '',
    public: isPublic === true || name === 'pub',
  }
}

const pairOf = (tokens: KnownTokens | string): KnownTokens =>
  typeof tokens === 'string' ? { access_token: tokens } : tokens

const claims = (token: string): Record<string, string> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

/** Whatever runs on the converted database: the application in this process, or the executable. */
export interface Subject extends Pick<TestApp, 'get' | 'postForm'> {
  /** The one of `BASE_URL`, also when it listens somewhere else. */
  readonly origin: string
  /** To look at rows that no endpoint shows. */
  readonly db: Database
  wait(ms: number): Promise<void>
}

export const subjectOf = ({ ctx, clock, get, postForm }: TestApp): Subject => ({
  ...{ get, postForm, origin: ctx.settings.origin, db: ctx.db },
  wait: async (ms) => clock.advance(ms),
})

/** `app` runs on the converted database, at a time at which what is unfinished in the facts has not expired. */
export async function expectEverythingWorks(app: Subject, facts: Facts): Promise<void> {
  await expectLiveTokens(app, facts)
  await expectSecrets(app, facts)
  await expectUnfinished(app, facts)
  await expectConsent(app, facts)
  await expectLogins(app, facts)
  await expectDeadTokens(app, facts)
}

const post = async (app: Subject, path: string, fields: Record<string, string>, headers?: Record<string, string>) => {
  const answer = await app.postForm(path, fields, headers)
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  return { status: answer.status, body }
}

async function expectLiveTokens(app: Subject, facts: Facts): Promise<void> {
  const full = clientOf(facts, 'full')
  for (const [name, known] of Object.entries(facts.tokens.live)) {
    const pair = pairOf(known)
    expect([name, (await app.get('/oauth/tokeninfo', { headers: bearer(pair.access_token) })).status]).toEqual([
      name,
      200,
    ])
    const introspected = await post(app, '/oauth/introspect', { token: pair.access_token }, basic(full.id, full.secret))
    expect([name, introspected.status, introspected.body.active]).toEqual([name, 200, true])
    if (pair.refresh_token === undefined) continue
    const refreshed = await refresh(app, facts, pair.refresh_token)
    expect([name, refreshed.status, refreshed.body.error]).toEqual([name, 200, undefined])
    const renewed = bearer(String(refreshed.body.access_token))
    expect([name, (await app.get('/oauth/tokeninfo', { headers: renewed })).status]).toEqual([name, 200])
  }
}

function refresh(app: Subject, facts: Facts, token: string) {
  const { client_id: id = '' } = claims(token)
  const name = Object.keys(facts.clients).find((each) => clientOf(facts, each).id === id) ?? ''
  const client = clientOf(facts, name)
  const secret: Record<string, string> = client.public ? {} : { client_secret: client.secret }
  return post(app, '/oauth/token', { grant_type: 'refresh_token', refresh_token: token, client_id: id, ...secret })
}

async function expectDeadTokens(app: Subject, facts: Facts): Promise<void> {
  const full = clientOf(facts, 'full')
  for (const [name, known] of Object.entries(facts.tokens.dead)) {
    const pair = pairOf(known)
    for (const token of [pair.access_token, pair.refresh_token ?? '']) {
      if (token === '') continue
      expect([name, (await app.get('/oauth/tokeninfo', { headers: bearer(token) })).status]).toEqual([name, 401])
      const introspected = await post(app, '/oauth/introspect', { token }, basic(full.id, full.secret))
      expect([name, introspected.body]).toEqual([name, { active: false }])
      if (claims(token).type === 'refresh') expect((await refresh(app, facts, token)).status).toBeOneOf([400, 401])
    }
  }
}

async function expectSecrets(app: Subject, facts: Facts): Promise<void> {
  const { oauthApplications } = app.db.t
  for (const name of Object.keys(facts.clients)) {
    const client = clientOf(facts, name)
    const works = !client.public && !facts.clients[name]?.inactive && name !== 'registered'
    for (const [secret, expected] of [
      [client.secret, works ? 200 : 401],
      [`${client.secret}x`, 401],
    ] as const) {
      const answer = await post(app, '/oauth/introspect', { token: 'x' }, basic(client.id, secret))
      expect([name, answer.status]).toEqual([name, expected])
    }
    const [row] = await app.db.q.select().from(oauthApplications).where(eq(oauthApplications.clientId, client.id))
    // A secret that was right is stored anew, also of a client that may do nothing; public ones are never asked.
    expect([name, row?.clientSecret?.startsWith(client.public ? '$2a$' : 'hmac-sha256$')]).toEqual([name, true])
  }
}

async function expectUnfinished(app: Subject, facts: Facts): Promise<void> {
  for (const [what, known] of Object.entries(facts.unfinished)) {
    if (what.startsWith('authorization code')) await expectRedemption(app, facts, known)
    if (what.startsWith('device code approved')) await expectDeviceTokens(app, facts, known)
    if (what.startsWith('device code waiting')) await expectApproval(app, facts, known)
  }
}

type Unfinished = Facts['unfinished'][string]

async function expectRedemption(app: Subject, facts: Facts, code: Unfinished): Promise<void> {
  const full = clientOf(facts, 'full')
  const form = {
    ...{ grant_type: 'authorization_code', code: String(code.code), redirect_uri: String(code.redirect_uri) },
    code_verifier: String(code.code_verifier),
  }
  const answer = await post(app, '/oauth/token', form, basic(full.id, full.secret))
  expect([answer.status, answer.body.error]).toEqual([200, undefined])
  expect(claims(String(answer.body.id_token)).nonce).toBe(String(code.nonce))
  expect((await post(app, '/oauth/token', form, basic(full.id, full.secret))).body.error).toBe('invalid_grant')
}

const poll = (app: Subject, facts: Facts, code: Unfinished) =>
  post(app, '/oauth/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: clientOf(facts, 'pub').id,
    device_code: String(code.device_code),
  })

async function expectDeviceTokens(app: Subject, facts: Facts, code: Unfinished): Promise<void> {
  const answer = await poll(app, facts, code)
  expect([answer.status, answer.body.error]).toEqual([200, undefined])
  expect((await app.get('/oauth/tokeninfo', { headers: bearer(String(answer.body.access_token)) })).status).toBe(200)
  expect((await poll(app, facts, code)).body.error).toBe('invalid_grant')
}

const browserOf = (app: Subject) =>
  formBrowser(app.origin, (path, init) => app.get(path, { ...init, redirect: 'manual' }))

async function expectApproval(app: Subject, facts: Facts, code: Unfinished): Promise<void> {
  expect((await poll(app, facts, code)).body.error).toBe('authorization_pending')
  const browser = browserOf(app)
  const alice = facts.users.alice ?? { username: '', password: '' }
  const entry = await browser.open(`/device?user_code=${code.user_code}`)
  await browser.submit(entry, '/login', { username: alice.username, password: alice.password })
  const form = await browser.open(`/device?user_code=${code.user_code}`)
  const confirmation = await browser.submit(form, '/device/verify', { user_code: String(code.user_code) })
  const done = await browser.submit(confirmation, '/device/decide', { action: 'approve' })
  expect(done.html).toContain('close this window')
  await app.wait(5_100)
  await expectDeviceTokens(app, facts, code)
}

/** What was allowed before is not asked again. */
async function expectConsent(app: Subject, facts: Facts): Promise<void> {
  const alice = facts.users.alice ?? { username: '', password: '' }
  const browser = browserOf(app)
  await browser.submit(await browser.open('/login'), '/login', { username: alice.username, password: alice.password })
  const request = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientOf(facts, 'full').id, redirect_uri: 'https://rp.example/cb' },
    ...{ scope: 'openid read offline_access', state: 's', prompt: 'none', code_challenge_method: 'S256' },
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
  const answered = new URL((await browser.open(`/oauth/authorize?${request}`)).path)
  expect([answered.searchParams.get('error'), answered.searchParams.has('code')]).toEqual([null, true])
}

async function expectLogins(app: Subject, facts: Facts): Promise<void> {
  const { users } = app.db.t
  for (const { username, password, disabled } of Object.values(facts.users)) {
    const submitted = async (text: string) => {
      const browser = browserOf(app)
      return await browser.submit(await browser.open('/login'), '/login', { username, password: text })
    }
    expect([username, (await submitted(password)).path === '/login']).toEqual([username, disabled === true])
    expect([username, (await submitted(`${password}x`)).path]).toEqual([username, '/login'])
    const [row] = await app.db.q.select().from(users).where(eq(users.username, username))
    expect([username, row?.passwordHash.startsWith(disabled ? '$2a$' : '$argon2id$')]).toEqual([username, true])
  }
}
