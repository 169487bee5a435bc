/** Every endpoint that takes a secret of this server, and its one answer to what does not belong there. */
import { eq } from 'drizzle-orm'
import { sessionCookieName } from '../../src/edge/cookies'
import { sha256Hex } from '../../src/secrets'
import { type Artefact, type Client, type Scene, SIGNED_OUT_URI } from './artefacts-support'
import { REDIRECT_URI, VERIFIER } from './code-support'
import { DEVICE_GRANT } from './device/support'
import { basic, bearer } from './support'

/** What an endpoint said: `accepted`, or the answer it refused with. */
export type Verdict = string

export interface Endpoint {
  /** What has to be right besides the artefact. */
  readonly needs: 'client' | 'session' | 'nothing'
  readonly takes: readonly Artefact[]
  readonly refusal: Verdict
  /** Answers that say more than `refusal` to whoever has the right to know, by artefact. */
  readonly known?: Readonly<Partial<Record<Artefact, { alive: Verdict; expired: Verdict }>>>
  /** Answers to a client that presents what is another's; the others get `refusal`. */
  readonly foreign?: Readonly<Partial<Record<Artefact, Verdict>>>
  /** Goes by the record of an artefact alone: also when it has expired or its user is gone. */
  readonly byRecord?: true
  /** Whether who asks matters; endpoints for bearers only see the token. */
  readonly asksWho: boolean
  present(scene: Scene, artefact: string, caller: Client): Promise<Verdict>
}

async function verdictOf(response: Response, success = 200): Promise<Verdict> {
  if (response.status === success) return 'accepted'
  return `${response.status} ${((await response.json()) as { error: string }).error}`
}

/** Pages are refused by a redirect to the login, or a page of their own. */
function pageVerdict(response: Response, isAccepted: (location: string) => boolean): Verdict {
  const location = response.headers.get('location')
  if (location === null) return `${response.status} page`
  if (location.startsWith('/login')) return 'sign in'
  return isAccepted(location) ? 'accepted' : `${response.status} to ${location}`
}

const post =
  (path: string, fields: (artefact: string) => Record<string, string>): Endpoint['present'] =>
  async ({ app }, artefact, caller) =>
    verdictOf(await app.postForm(path, fields(artefact), basic(caller.clientId, caller.secret)))

const grant = (grantType: string, name: string, more: Record<string, string> = {}): Endpoint['present'] =>
  post('/oauth/token', (artefact) => ({ grant_type: grantType, [name]: artefact, ...more }))

const bearerOf =
  (path: string): Endpoint['present'] =>
  async ({ app }, artefact) =>
    verdictOf(await app.get(path, { headers: bearer(artefact) }))

/** A form of the scene's browser. */
const submit =
  (
    path: string,
    fields: (artefact: string) => Record<string, string>,
    isAccepted: (location: string) => boolean,
  ): Endpoint['present'] =>
  async ({ app, session }, artefact) => {
    const form = { csrf_token: session.csrfToken, ...fields(artefact) }
    return pageVerdict(await app.postForm(path, form, { cookie: session.cookie }), isAccepted)
  }

async function introspect({ app }: Scene, artefact: string, caller: Client): Promise<Verdict> {
  const response = await app.postForm('/oauth/introspect', { token: artefact }, basic(caller.clientId, caller.secret))
  if (response.status !== 200) return verdictOf(response)
  return (await response.text()) === '{"active":false}' ? 'inactive' : 'accepted'
}

/** The answer is always 200 (RFC 7009 §2.2): what tells is which tokens live on. */
async function revoke({ app }: Scene, artefact: string, caller: Client): Promise<Verdict> {
  const { q, t } = app.ctx.db
  const active = async () => {
    const rows = await q.select().from(t.accessTokens).where(eq(t.accessTokens.status, 'active'))
    return new Set(rows.map(({ tokenHash }) => tokenHash))
  }
  const before = await active()
  const response = await app.postForm('/oauth/revoke', { token: artefact }, basic(caller.clientId, caller.secret))
  if (response.status !== 200) return verdictOf(response)
  const after = await active()
  const own = sha256Hex(artefact)
  if (before.has(own) && !after.has(own)) return 'accepted'
  return before.size === after.size ? 'nothing ended' : 'its family ended'
}

const enterCode = submit(
  '/device/verify',
  (artefact) => ({ user_code: artefact }),
  (location) => location.startsWith('/device/confirm?request='),
)

export const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  tokeninfo: {
    needs: 'nothing',
    takes: ['access token', 'machine token'],
    refusal: '401 invalid_token',
    asksWho: false,
    present: bearerOf('/oauth/tokeninfo'),
  },
  userinfo: {
    needs: 'nothing',
    takes: ['access token'],
    refusal: '401 invalid_token',
    asksWho: false,
    present: bearerOf('/oauth/userinfo'),
  },
  'userinfo, in the body': {
    needs: 'nothing',
    takes: ['access token'],
    refusal: '401 invalid_token',
    asksWho: false,
    present: async ({ app }, artefact) => verdictOf(await app.postForm('/oauth/userinfo', { access_token: artefact })),
  },
  introspection: {
    needs: 'client',
    takes: ['access token', 'machine token', 'refresh token'],
    refusal: 'inactive',
    asksWho: true,
    present: introspect,
  },
  revocation: {
    needs: 'client',
    // Tokens are found by their hash alone, and whoever has the text of a record's hash may end it.
    takes: [
      ...(['access token', 'machine token', 'refresh token', 'access token, wrong typ'] as const),
      ...(['refresh token, wrong typ', 'access token, re-signed', 'refresh token, re-signed'] as const),
      ...(['access token, extended', 'access token, padded', 'refresh token, extended'] as const),
      'refresh token, padded',
    ],
    refusal: 'nothing ended',
    // A rotated-out token is evidence of theft here as at the token endpoint.
    known: { 'refresh token, used': { alive: 'its family ended', expired: 'its family ended' } },
    byRecord: true,
    asksWho: true,
    present: revoke,
  },
  'refresh grant': {
    needs: 'client',
    takes: ['refresh token'],
    refusal: '400 invalid_grant',
    // Known by its record, and the caller is not the client it was issued to.
    foreign: {
      'refresh token': '401 invalid_client',
      'refresh token, wrong typ': '401 invalid_client',
      'refresh token, re-signed': '401 invalid_client',
      'refresh token, extended': '401 invalid_client',
      'refresh token, padded': '401 invalid_client',
    },
    asksWho: true,
    present: grant('refresh_token', 'refresh_token'),
  },
  'code grant': {
    needs: 'client',
    takes: ['authorization code'],
    refusal: '400 invalid_grant',
    asksWho: true,
    present: grant('authorization_code', 'code', { redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }),
  },
  'device grant': {
    needs: 'client',
    takes: ['device code, approved'],
    refusal: '400 invalid_grant',
    known: {
      'device code': { alive: '400 authorization_pending', expired: '400 expired_token' },
      'device code, approved': { alive: 'accepted', expired: '400 expired_token' },
    },
    asksWho: true,
    present: grant(DEVICE_GRANT, 'device_code'),
  },
  'client credentials': {
    needs: 'nothing',
    takes: ['client secret'],
    refusal: '401 invalid_client',
    asksWho: true,
    present: async ({ app }, artefact, caller) => {
      const form = { grant_type: 'client_credentials', scope: 'read' }
      return verdictOf(await app.postForm('/oauth/token', form, basic(caller.clientId, artefact)))
    },
  },
  'device authorization': {
    needs: 'nothing',
    takes: ['client secret'],
    refusal: '401 invalid_client',
    asksWho: true,
    present: async ({ app }, artefact, caller) => {
      const form = { client_id: caller.clientId, client_secret: artefact }
      return verdictOf(await app.postForm('/oauth/device/code', form))
    },
  },
  registration: {
    needs: 'nothing',
    takes: ['initial access token'],
    refusal: '401 invalid_token',
    asksWho: false,
    present: async ({ app }, artefact) => {
      const body = JSON.stringify({ client_name: 'New', redirect_uris: ['https://new.example/callback'] })
      const headers = { ...bearer(artefact), 'content-type': 'application/json' }
      return verdictOf(await app.get('/oauth/register', { method: 'POST', body, headers }), 201)
    },
  },
  'client configuration': {
    needs: 'nothing',
    takes: ['registration token'],
    refusal: '401 invalid_token',
    asksWho: true,
    present: async ({ app }, artefact, caller) =>
      verdictOf(await app.get(`/oauth/register/${caller.clientId}`, { headers: bearer(artefact) })),
  },
  'end session': {
    needs: 'nothing',
    takes: ['ID token'],
    refusal: '400 page',
    asksWho: true,
    present: async ({ app }, artefact, caller) => {
      const asked = { id_token_hint: artefact, client_id: caller.clientId, post_logout_redirect_uri: SIGNED_OUT_URI }
      const response = await app.get(`/oauth/end_session?${new URLSearchParams(asked)}`)
      return pageVerdict(response, (location) => location === SIGNED_OUT_URI)
    },
  },
  'account page': {
    needs: 'nothing',
    takes: ['session cookie'],
    refusal: 'sign in',
    asksWho: false,
    present: async ({ app }, artefact) => {
      const cookie = `${sessionCookieName(app.ctx.settings)}=${artefact}`
      const response = await app.get('/account/sessions', { headers: { cookie } })
      return response.status === 200 ? 'accepted' : pageVerdict(response, () => false)
    },
  },
  'account form': {
    needs: 'session',
    takes: ['CSRF token'],
    refusal: '403 page',
    asksWho: false,
    present: submit(
      '/account/sessions/end-others',
      (artefact) => ({ csrf_token: artefact }),
      (location) => location === '/account/sessions',
    ),
  },
  'login form': {
    needs: 'nothing',
    takes: ['login token'],
    refusal: '403 page',
    asksWho: false,
    present: async ({ app, loginCookie }, artefact) => {
      // Nobody of that name: the form is read, and the password is what is wrong with it.
      const form = { csrf_token: artefact, username: 'nobody', password: 'wrong' }
      const response = await app.postForm('/login', form, { cookie: loginCookie })
      return response.status === 401 ? 'accepted' : pageVerdict(response, () => false)
    },
  },
  'consent decision': {
    needs: 'session',
    takes: ['consent request'],
    refusal: '400 page',
    asksWho: false,
    present: submit(
      '/oauth/authorize',
      (artefact) => ({ request_id: artefact, action: 'approve' }),
      (location) => location.startsWith(`${REDIRECT_URI}?code=`),
    ),
  },
  'device code entry': {
    needs: 'session',
    takes: ['user code'],
    refusal: '400 page',
    asksWho: false,
    present: async (scene, artefact, caller) => {
      // What is asked here is whether an entry is right, not how many wrong ones somebody may make.
      const { q, t } = scene.app.ctx.db
      await q.delete(t.attemptDelays)
      return enterCode(scene, artefact, caller)
    },
  },
  'device decision': {
    needs: 'session',
    takes: ['device request'],
    refusal: '400 page',
    asksWho: false,
    present: submit(
      '/device/decide',
      (artefact) => ({ request_id: artefact, action: 'approve' }),
      (location) => location.startsWith('/device/done?request='),
    ),
  },
}
