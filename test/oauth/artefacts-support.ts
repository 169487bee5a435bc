/** Every secret this server hands out, fresh, used and forged, with what each stands on and how long it lives. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { generateRegistrationToken } from '../../src/clients/secret'
import { loginCookieName } from '../../src/edge/cookies'
import { sha256Hex } from '../../src/secrets'
import { signJwt } from '../../src/tokens/jwt'
import type { TokenTyp } from '../../src/tokens/keys'
import { type ClientRow, openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import type { OpenDatabase } from '../support/databases'
import * as authorize from './authorize/support'
import { insertCode, REDIRECT_URI, redeem } from './code-support'
import * as device from './device/support'
import { basic, issueMachineToken } from './support'

export type Client = ClientRow & { secret: string }

export interface Scene {
  readonly app: TestApp
  readonly user: UserRow
  readonly client: Client
  /** Another confidential client, without the right to introspect what is not its own. */
  readonly stranger: Client
  /** The browser that every cookie, token and request id of the scene belongs to. */
  readonly session: SignedIn
  /** A browser in which nobody has signed in yet: the cookie its login form was given. */
  readonly loginCookie: string
  readonly artefacts: Readonly<Record<Artefact, string>>
}

/** What an artefact can stand on: once it is gone, so is the artefact. */
export type Ground = 'account' | 'client' | 'registration' | 'consent' | 'grants of user' | 'grants of client'

interface Nature {
  readonly on: readonly Ground[]
  /** Hours; for good when absent. */
  readonly lives?: number
}

const GRANT: readonly Ground[] = ['account', 'client', 'registration', 'consent', 'grants of user', 'grants of client']
const RECORD: readonly Ground[] = ['client', 'registration']

export const ARTEFACTS = {
  'access token': { on: GRANT, lives: 10 },
  'machine token': { on: [...RECORD, 'grants of client'], lives: 1 },
  'refresh token': { on: GRANT, lives: 720 },
  'ID token': { on: RECORD },
  'authorization code': { on: GRANT, lives: 1 / 6 },
  'device code': { on: RECORD, lives: 1 / 2 },
  'device code, approved': { on: GRANT, lives: 1 / 2 },
  'user code': { on: [...RECORD, 'account'], lives: 1 / 2 },
  'client secret': { on: RECORD },
  // It stands on the client's record alone, and speaks for it also while the client may do nothing else.
  'registration token': { on: ['registration'] },
  'initial access token': { on: [] },
  'session cookie': { on: ['account'], lives: 1 / 2 },
  'CSRF token': { on: ['account'], lives: 1 / 2 },
  // It stands on the cookie of its form alone, which the browser forgets after an hour.
  'login token': { on: [] },
  'consent request': { on: [...RECORD, 'account'], lives: 1 / 6 },
  'device request': { on: [...RECORD, 'account'], lives: 1 / 6 },
} as const satisfies Record<string, Nature>
export type Genuine = keyof typeof ARTEFACTS

const SPOILT = [
  ...(['refresh token, used', 'authorization code, used', 'device code, used', 'consent request, used'] as const),
  ...(['access token, cut', 'refresh token, cut', 'ID token, cut', 'authorization code, cut'] as const),
  ...(['device code, cut', 'client secret, cut', 'registration token, cut', 'session cookie, cut'] as const),
  ...(['CSRF token, cut', 'consent request, cut', 'device request, cut', 'initial access token, cut'] as const),
  ...(['access token, other case', 'access token, wrong typ', 'refresh token, wrong typ'] as const),
  ...(['ID token, wrong typ', 'access token, re-signed', 'refresh token, re-signed', 'ID token, re-signed'] as const),
  ...(['access token, extended', 'access token, padded', 'refresh token, extended', 'refresh token, padded'] as const),
  ...(['CSRF token of another', 'login token of another', 'login token, cut'] as const),
  ...(['consent request of another', 'garbage'] as const),
] as const
export type Artefact = Genuine | (typeof SPOILT)[number]

export const ALL = [...Object.keys(ARTEFACTS), ...SPOILT] as readonly Artefact[]
export const isGenuine = (name: Artefact): name is Genuine => Object.hasOwn(ARTEFACTS, name)
export const natureOf = (name: Genuine): Nature => ARTEFACTS[name]

export const SIGNED_OUT_URI = 'https://app.example/signed-out'
const INITIAL_ACCESS_TOKEN = 'f2b7c41d9e6048a3b5d17c0e92a86f43'

export const openArtefactApp = (open: OpenDatabase, settings: Record<string, string>): Promise<TestApp> =>
  openTestApp({
    open,
    settings: {
      ...settings,
      ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
      DYNAMIC_CLIENT_REGISTRATION_TOKEN: INITIAL_ACCESS_TOKEN,
      ENABLE_TOKEN_ROTATION: 'true',
      // Otherwise a refresh token that was just used gets its answer again.
      REFRESH_REUSE_GRACE: '0s',
      JWT_EXPIRATION_JITTER: '0s',
    },
  })

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
}

export async function makeScene(app: TestApp): Promise<Scene> {
  const [user, otherUser] = [await app.insertUser(), await app.insertUser()]
  const registrationToken = generateRegistrationToken(app.ctx)
  const client = await app.insertClient({
    scopes: 'openid read write profile offline_access',
    redirectUris: [REDIRECT_URI],
    postLogoutRedirectUris: [SIGNED_OUT_URI],
    allowIntrospection: false,
    registrationTokenHash: sha256Hex(registrationToken),
  })
  const stranger = await app.insertClient({
    scopes: client.scopes,
    postLogoutRedirectUris: [SIGNED_OUT_URI],
    allowIntrospection: false,
  })
  const [session, otherSession] = [await app.signIn(user), await app.signIn(otherUser)]
  const scope = 'openid read profile offline_access'
  const newCode = async () => (await insertCode(app, { user, client, scope }, { sid: session.sid })).code
  /** Each from a grant of its own: the end of one must not be the reason another is refused. */
  const grant = async (): Promise<Tokens> => readTokens(await redeem(app, client, await newCode()))

  const [login, otherLogin] = [await openLogin(app), await openLogin(app)]

  const usedCode = await newCode()
  await readTokens(await redeem(app, client, usedCode))
  const usedRefresh = (await grant()).refresh_token
  await refresh(app, client, usedRefresh)
  const [approved, usedDevice] = [await device.newCodes(app, client), await device.newCodes(app, client)]
  for (const { userCode } of [approved, usedDevice]) await device.settle(app, session, userCode)
  await device.poll(app, client, usedDevice.deviceCode)
  const asked = { scope: 'read write', prompt: 'consent' }
  const newRequest = async (browser: SignedIn) =>
    authorize.requestIdOf(await authorize.open(app, browser, authorize.requestOf(client, asked)))
  const usedRequest = await newRequest(session)
  await authorize.decideOn(app, session, { request_id: usedRequest, action: 'deny' })
  const entered = await device.newCodes(app, client)
  const waiting = await device.newCodes(app, client)

  const genuine: Record<Genuine, string> = {
    'access token': (await grant()).access_token,
    'machine token': await issueMachineToken(app, client),
    'refresh token': (await grant()).refresh_token,
    'ID token': (await grant()).id_token,
    'authorization code': await newCode(),
    'device code': waiting.deviceCode,
    'device code, approved': approved.deviceCode,
    'user code': waiting.userCode,
    'client secret': client.secret,
    'registration token': registrationToken,
    'initial access token': INITIAL_ACCESS_TOKEN,
    'session cookie': cookieValue(session),
    'CSRF token': session.csrfToken,
    'login token': login.token,
    'consent request': await newRequest(session),
    'device request': (await device.confirmationOf(app, session, entered.userCode)) ?? '',
  }
  const forge = async (token: string, how: (token: string) => string | Promise<string>) =>
    plant(app, token, await how(token))
  const artefacts: Record<Artefact, string> = {
    ...genuine,
    'refresh token, used': usedRefresh,
    'authorization code, used': usedCode,
    'device code, used': usedDevice.deviceCode,
    'consent request, used': usedRequest,
    'access token, cut': cut(genuine['access token']),
    'refresh token, cut': cut(genuine['refresh token']),
    'ID token, cut': cut(genuine['ID token']),
    'authorization code, cut': cut(genuine['authorization code']),
    'device code, cut': cut(genuine['device code, approved']),
    'client secret, cut': cut(client.secret),
    'registration token, cut': cut(registrationToken),
    'session cookie, cut': cut(cookieValue(session)),
    'CSRF token, cut': cut(session.csrfToken),
    'consent request, cut': cut(genuine['consent request']),
    'device request, cut': cut(genuine['device request']),
    'initial access token, cut': cut(INITIAL_ACCESS_TOKEN),
    'access token, extended': await forge((await grant()).access_token, (token) => `${token}A`),
    'access token, padded': await forge((await grant()).access_token, (token) => `${token}=`),
    'refresh token, extended': await forge((await grant()).refresh_token, (token) => `${token}A`),
    'refresh token, padded': await forge((await grant()).refresh_token, (token) => `${token}=`),
    'access token, other case': swapCase(genuine['access token']),
    'access token, wrong typ': await forge((await grant()).access_token, (token) => retype(app, token, 'rt+jwt')),
    'refresh token, wrong typ': await forge((await grant()).refresh_token, (token) => retype(app, token, 'at+jwt')),
    'ID token, wrong typ': await retype(app, genuine['ID token'], 'at+jwt'),
    'access token, re-signed': await forge((await grant()).access_token, resign),
    'refresh token, re-signed': await forge((await grant()).refresh_token, resign),
    'ID token, re-signed': resign(genuine['ID token']),
    'CSRF token of another': otherSession.csrfToken,
    'login token of another': otherLogin.token,
    'login token, cut': cut(login.token),
    'consent request of another': await newRequest(otherSession),
    garbage: 'garbage',
  }
  return { app, user, client, stranger, session, loginCookie: login.cookie, artefacts }
}

async function readTokens(response: Response): Promise<Tokens> {
  if (response.status !== 200) throw new Error(`no tokens: ${response.status} ${await response.text()}`)
  return (await response.json()) as Tokens
}

const refresh = (app: TestApp, client: Client, token: string): Promise<Tokens> =>
  app
    .postForm(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: token },
      basic(client.clientId, client.secret),
    )
    .then(readTokens)

/** Gives a forgery the row of the token it was made from: refused for what it is, not because nobody knows it. */
async function plant({ ctx }: TestApp, token: string, forged: string): Promise<string> {
  const { accessTokens } = ctx.db.t
  const its = eq(accessTokens.tokenHash, sha256Hex(token))
  await ctx.db.q
    .update(accessTokens)
    .set({ tokenHash: sha256Hex(forged) })
    .where(its)
  return forged
}

/** The same claims under the server's own key, as another kind of token. */
async function retype({ ctx }: TestApp, token: string, typ: TokenTyp): Promise<string> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return await signJwt(ctx.keys, typ, payload)
}

/** The same header and claims under a key of somebody else. */
function resign(token: string): string {
  const input = token.slice(0, token.lastIndexOf('.'))
  const { alg } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: string }
  const signature =
    alg === 'ES256'
      ? sign('sha256', Buffer.from(input), { key: foreignKey, dsaEncoding: 'ieee-p1363' })
      : createHmac('sha256', 'k'.repeat(32)).update(input).digest()
  return `${input}.${signature.toString('base64url')}`
}

const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** What a browser holds that was shown the login form. */
async function openLogin(app: TestApp): Promise<{ token: string; cookie: string }> {
  const response = await app.get('/login')
  const name = loginCookieName(app.ctx.settings)
  const cookie = response.headers.getSetCookie().find((each) => each.startsWith(`${name}=`))
  const token = /name="csrf_token" value="([\w-]+)"/.exec(await response.text())?.[1]
  if (!cookie || !token) throw new Error(`no login form: ${response.status}`)
  return { token, cookie: cookie.slice(0, cookie.indexOf(';')) }
}

const cookieValue = ({ cookie }: SignedIn): string => cookie.slice(cookie.indexOf('=') + 1)
const cut = (text: string): string => text.slice(0, -2)
const swapCase = (text: string): string =>
  [...text].map((each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase())).join('')
