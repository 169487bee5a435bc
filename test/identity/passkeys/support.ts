/** Browsers with an authenticator beside them. */

import type { TestApp, UserRow } from '../../support/app'
import {
  type AuthenticatorKind,
  type CreationOptions,
  type Lies,
  type RequestOptions,
  type SoftPasskey,
  softAuthenticator,
} from '../../support/authenticator'
import { field, openBrowser, type Page, type TestBrowser } from '../browser'

export const PASSKEYS = '/account/security/passkeys'

export interface PasskeyBrowser extends TestBrowser {
  creationOptions(): Promise<CreationOptions>
  /** Sends what an authenticator made. */
  sendNew(attestation: string, name?: string): Promise<Page>
  /** A whole registration. */
  register(kind?: Omit<AuthenticatorKind, 'origin'>): Promise<SoftPasskey>
  requestOptions(): Promise<RequestOptions>
  sendAssertion(assertion: string, more?: Record<string, string>): Promise<Page>
  /** A whole login. */
  logInWith(passkey: SoftPasskey, lies?: Lies, more?: Record<string, string>): Promise<Page>
}

export const csrfTokenOf = async (browser: TestBrowser, path = PASSKEYS): Promise<string> =>
  field(await browser.get(path), 'csrf_token')

const JSON_CALLER = { accept: 'application/json' }

export function passkeyBrowser(app: TestApp, ip?: string): PasskeyBrowser {
  const browser = openBrowser(app, ip === undefined ? {} : { ip })
  const known = new Map<string, string>()
  const state = (path: string) =>
    `${path} ${browser.cookies.get('oauth_session')} ${browser.cookies.get('oauth_login')}`
  /** Asked for once while the browser's cookies are the same. */
  const tokenOf = async (path: string): Promise<string> => {
    const token = known.get(state(path)) ?? (await csrfTokenOf(browser, path))
    known.set(state(path), token)
    return token
  }

  const creationOptions = async () => {
    const csrf_token = await tokenOf(PASSKEYS)
    const answer = await browser.post(`${PASSKEYS}/options`, { csrf_token }, JSON_CALLER)
    if (answer.status !== 200) throw new Error(`no options: ${answer.status} ${answer.text}`)
    return JSON.parse(answer.text) as CreationOptions
  }
  const sendNew = async (attestation: string, name = 'Key') =>
    browser.post(PASSKEYS, { csrf_token: await tokenOf(PASSKEYS), credential: attestation, name })
  const requestOptions = async () => {
    const csrf_token = await tokenOf('/login?prompt=login')
    const answer = await browser.post('/login/passkey/options', { csrf_token }, JSON_CALLER)
    if (answer.status !== 200) throw new Error(`no options: ${answer.status} ${answer.text}`)
    return JSON.parse(answer.text) as RequestOptions
  }
  const sendAssertion = async (credential: string, more: Record<string, string> = {}) =>
    browser.post('/login/passkey', { csrf_token: await tokenOf('/login?prompt=login'), credential, ...more })
  return {
    ...browser,
    creationOptions,
    sendNew,
    register: async (kind = {}) => {
      const passkey = softAuthenticator({ origin: app.ctx.settings.origin, ...kind }).create(await creationOptions())
      const answer = await sendNew(passkey.attestation)
      if (answer.status !== 303) throw new Error(`not registered: ${answer.status} ${answer.text}`)
      return passkey
    },
    requestOptions,
    sendAssertion,
    logInWith: async (passkey, lies, more) => sendAssertion(passkey.assert(await requestOptions(), lies), more),
  }
}

/** Without the work of checking a password. */
export async function signedInBrowser(app: TestApp, user: UserRow, amr = 'pwd'): Promise<PasskeyBrowser> {
  const browser = passkeyBrowser(app)
  const { cookie } = await app.signIn(user, { amr })
  browser.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
  return browser
}

/** A user who is signed in and has a passkey. */
export async function userWithPasskey(
  app: TestApp,
  overrides: Parameters<TestApp['insertUser']>[0] = {},
  kind: Omit<AuthenticatorKind, 'origin'> = {},
) {
  const user = await app.insertUser(overrides)
  const browser = await signedInBrowser(app, user)
  return { user, browser, passkey: await browser.register(kind) }
}
