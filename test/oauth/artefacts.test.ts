/**
 * Every secret this server hands out, presented at every endpoint that takes one, in every state of what it stands on:
 * one is accepted only where it belongs, and only while it is live. The expectation is a rule, not a list.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { generateRegistrationToken } from '../../src/clients/secret'
import { commit } from '../../src/db/commit'
import { sha256Hex } from '../../src/secrets'
import { revokeTokensOfClient, revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import { openTestApp, type TestApp } from '../support/app'
import { insertCode, REDIRECT_URI, redeem, VERIFIER } from './code-support'
import { newCodes } from './device/support'
import { basic, bearer, issueMachineToken, issueTokens } from './support'

type Client = Awaited<ReturnType<TestApp['insertClient']>>
type User = Awaited<ReturnType<TestApp['insertUser']>>

interface Scene {
  readonly app: TestApp
  readonly user: User
  readonly client: Client
  /** Another confidential client, without the right to introspect what is not its own. */
  readonly stranger: Client
  readonly artefacts: Readonly<Record<Artefact, string>>
}

const ARTEFACTS = [
  ...(['access token', 'machine token', 'refresh token', 'device code', 'user code', 'client secret'] as const),
  ...(['session cookie', 'CSRF token', 'access token, cut', 'refresh token, cut', 'access token, other case'] as const),
  ...(['access token, signed by another', 'registration token', 'garbage'] as const),
  ...(['ID token', 'authorization code', 'authorization code, used'] as const),
] as const
type Artefact = (typeof ARTEFACTS)[number]

async function makeScene(): Promise<Scene> {
  const app = await openTestApp({ settings: { ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' } })
  const user = await app.insertUser()
  const registrationToken = generateRegistrationToken(app.ctx)
  const client = await app.insertClient({
    scopes: 'openid read write profile',
    allowIntrospection: false,
    registrationTokenHash: sha256Hex(registrationToken),
  })
  const stranger = await app.insertClient({ scopes: 'read write profile', allowIntrospection: false })
  const tokens = await issueTokens(app, { user, client, scope: 'openid read profile' })
  const [code, used] = [await insertCode(app, { user, client }), await insertCode(app, { user, client })]
  const { id_token } = (await (await redeem(app, client, used.code)).json()) as { id_token: string }
  const other = await openTestApp()
  const foreign = await issueTokens(other, {
    user: await other.insertUser(user),
    client: await other.insertClient({ ...client }),
    scope: 'read profile',
  })
  await other.close()
  const { deviceCode, userCode } = await newCodes(app, client)
  const session = await app.signIn(user)
  const artefacts = {
    'access token': tokens.access_token,
    'machine token': await issueMachineToken(app, client),
    'refresh token': tokens.refresh_token,
    'device code': deviceCode,
    'user code': userCode,
    'client secret': client.secret,
    'session cookie': session.cookie.slice(session.cookie.indexOf('=') + 1),
    'CSRF token': session.csrfToken,
    'access token, cut': tokens.access_token.slice(0, -2),
    'refresh token, cut': tokens.refresh_token.slice(0, -2),
    'access token, other case': swapCase(tokens.access_token),
    'access token, signed by another': foreign.access_token,
    'registration token': registrationToken,
    garbage: 'garbage',
    'ID token': id_token,
    'authorization code': code.code,
    'authorization code, used': used.code,
  }
  return { app, user, client, stranger, artefacts }
}

const swapCase = (text: string): string =>
  [...text].map((each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase())).join('')

/** What an endpoint said: accepted, or refused with the one answer it has for that. */
type Verdict = 'accepted' | string

interface Endpoint {
  /** Artefacts that belong here. */
  readonly takes: readonly Artefact[]
  present(scene: Scene, artefact: string, caller: Client): Promise<Verdict>
  /** The verdicts a refusal may be. */
  readonly refusals: readonly Verdict[]
  /** Whether who asks matters; bearer endpoints only see the token. */
  readonly asksWho: boolean
}

const verdictOf = async (response: Response): Promise<Verdict> => {
  if (response.status === 200) return 'accepted'
  return `${response.status} ${((await response.json()) as { error: string }).error}`
}

const grant =
  (grantType: string, name: string, more: Record<string, string> = {}): Endpoint['present'] =>
  async ({ app }, artefact, caller) =>
    verdictOf(
      await app.postForm(
        '/oauth/token',
        { grant_type: grantType, [name]: artefact, ...more },
        basic(caller.clientId, caller.secret),
      ),
    )

const ENDPOINTS: Record<string, Endpoint> = {
  tokeninfo: {
    takes: ['access token', 'machine token'],
    present: async ({ app }, artefact) => verdictOf(await app.get('/oauth/tokeninfo', { headers: bearer(artefact) })),
    refusals: ['401 invalid_token'],
    asksWho: false,
  },
  userinfo: {
    takes: ['access token'],
    present: async ({ app }, artefact) => verdictOf(await app.get('/oauth/userinfo', { headers: bearer(artefact) })),
    refusals: ['401 invalid_token'],
    asksWho: false,
  },
  introspection: {
    takes: ['access token', 'machine token', 'refresh token'],
    present: async ({ app }, artefact, caller) => {
      const form = { token: artefact }
      const response = await app.postForm('/oauth/introspect', form, basic(caller.clientId, caller.secret))
      if (response.status !== 200) return verdictOf(response)
      const text = await response.text()
      return text === '{"active":false}' ? 'inactive' : 'accepted'
    },
    refusals: ['inactive', '401 invalid_client'],
    asksWho: true,
  },
  'refresh grant': {
    takes: ['refresh token'],
    present: grant('refresh_token', 'refresh_token'),
    refusals: ['400 invalid_grant', '401 invalid_client'],
    asksWho: true,
  },
  'code grant': {
    takes: ['authorization code'],
    present: grant('authorization_code', 'code', { redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }),
    refusals: ['400 invalid_grant', '401 invalid_client'],
    asksWho: true,
  },
  // An unapproved code: it belongs here, and still nothing is issued for it.
  'device grant': {
    takes: [],
    present: grant('urn:ietf:params:oauth:grant-type:device_code', 'device_code'),
    refusals: [
      '400 invalid_grant',
      '400 authorization_pending',
      '400 slow_down',
      '401 invalid_client',
      '400 expired_token',
    ],
    asksWho: true,
  },
  'client configuration': {
    takes: ['registration token'],
    present: async ({ app }, artefact, caller) =>
      verdictOf(await app.get(`/oauth/register/${caller.clientId}`, { headers: bearer(artefact) })),
    refusals: ['401 invalid_token'],
    asksWho: true,
  },
  'client credentials': {
    takes: [],
    present: async ({ app }, artefact, caller) => {
      // The artefact in place of the secret.
      const form = { grant_type: 'client_credentials', scope: 'read' }
      return verdictOf(await app.postForm('/oauth/token', form, basic(caller.clientId, artefact)))
    },
    refusals: ['401 invalid_client'],
    asksWho: true,
  },
}

interface State {
  /** Makes it so. */
  enter(scene: Scene): Promise<unknown>
  /** What is still live in this state; everything else must be refused. */
  readonly live: readonly Artefact[]
  /** Who presents it. */
  readonly caller?: 'stranger'
}

const MACHINE: readonly Artefact[] = ['machine token']
const STATES: Record<string, State> = {
  live: { enter: async () => {}, live: ['access token', 'machine token', 'refresh token', 'authorization code'] },
  'presented by another client': {
    enter: async () => {},
    live: ['access token', 'machine token', 'refresh token', 'authorization code'],
    caller: 'stranger',
  },
  'access token expired': { enter: async ({ app }) => app.clock.advance(11 * 3_600_000), live: ['refresh token'] },
  'everything expired': { enter: async ({ app }) => app.clock.advance(91 * 24 * 3_600_000), live: [] },
  'consent revoked': {
    enter: ({ app, user, client }) =>
      commit(app.ctx, revokeTokensOfConsent(app.ctx, { userId: user.id, clientId: client.clientId })),
    live: MACHINE,
  },
  'all tokens of the user revoked': {
    enter: ({ app, user }) => commit(app.ctx, revokeTokensOfUser(app.ctx, user.id)),
    live: MACHINE,
  },
  'all tokens of the client revoked': {
    enter: ({ app, client }) => commit(app.ctx, revokeTokensOfClient(app.ctx, client.clientId)),
    live: [],
  },
  'refresh token revoked by its client': {
    enter: ({ app, client, artefacts }) =>
      app.postForm('/oauth/revoke', { token: artefacts['refresh token'] }, basic(client.clientId, client.secret)),
    live: [...MACHINE, 'authorization code'],
  },
  'user disabled': {
    enter: async ({ app, user }) => {
      const { users } = app.ctx.db.t
      await app.ctx.db.q.update(users).set({ isActive: false }).where(eq(users.id, user.id))
    },
    live: MACHINE,
  },
  'user deleted': {
    enter: async ({ app, user }) => {
      const { users } = app.ctx.db.t
      await app.ctx.db.q.delete(users).where(eq(users.id, user.id))
    },
    live: MACHINE,
  },
  'client inactive': {
    enter: async ({ app, client }) => {
      const { oauthApplications } = app.ctx.db.t
      const its = eq(oauthApplications.clientId, client.clientId)
      await app.ctx.db.q.update(oauthApplications).set({ status: 'inactive' }).where(its)
    },
    live: [],
  },
  'client deleted': {
    enter: async ({ app, client }) => {
      const { oauthApplications } = app.ctx.db.t
      await app.ctx.db.q.delete(oauthApplications).where(eq(oauthApplications.clientId, client.clientId))
    },
    live: [],
  },
}

describe.each(Object.entries(STATES))('artefacts, %s [SEC]', (_state, { enter, live, caller }) => {
  let scene: Scene
  beforeAll(async () => {
    scene = await makeScene()
    await enter(scene)
  })
  afterAll(() => scene.app.close())

  const cells = Object.keys(ENDPOINTS).flatMap((endpoint) =>
    ARTEFACTS.map((artefact): [string, Artefact] => [endpoint, artefact]),
  )
  test.each(cells)('%s: %s', async (name, artefact) => {
    const { present, takes, refusals, asksWho } = ENDPOINTS[name] as Endpoint
    const who = caller === 'stranger' ? scene.stranger : scene.client
    const verdict = await present(scene, scene.artefacts[artefact], who)
    const foreign = caller === 'stranger' && asksWho
    const secretIsRight = name === 'client credentials' && artefact === 'client secret' && caller === undefined
    const clientLives = !['client inactive', 'client deleted'].includes(_state)
    // It stands on the client's record alone, and speaks for it also while the client may do nothing else.
    const manages = artefact === 'registration token' && _state !== 'client deleted'
    if (secretIsRight && clientLives) expect(verdict).toBe('accepted')
    else if (takes.includes(artefact) && (live.includes(artefact) || manages) && !foreign)
      expect(verdict).toBe('accepted')
    else expect(refusals).toContain(verdict)
  })
})
