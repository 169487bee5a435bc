/** Signing in and out, and what people do about their own account. */
import { eq } from 'drizzle-orm'
import { codeOf, stepAt } from '../../../src/identity/second-factor/totp'
import { field, openBrowser, type TestBrowser } from '../../identity/browser'
import { insertConnection } from '../../identity/linking/support'
import { csrfTokenOf, PASSKEYS, userWithPasskey } from '../../identity/passkeys/support'
import { issueTokens } from '../../oauth/support'
import { openTraveller, there } from '../../support/providers/journey'
import {
  type Act,
  type Action,
  account,
  consent,
  NOBODY,
  NOTHING,
  type Person,
  record,
  refused,
  someone,
  TRIES,
  token,
} from './act'

const SETUP = '/account/security/totp'
const STEP = '/login/second-step'
const WRONG = 'not the password'

/** A browser in which the person is signed in. */
function browserOf({ app, address }: Act, { signedIn: { cookie } }: Person) {
  const traveller = openTraveller(app, address)
  traveller.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
  return traveller
}

const currentCode = ({ app }: Act, secret: string) => codeOf(secret, stepAt(app.clock.now()))

/** Sets up an app for codes; `last` is sent with the last form. */
async function setUpFactor(act: Act, browser: TestBrowser, last: Record<string, string> = {}): Promise<string> {
  const intro = await browser.get(SETUP)
  const begun = await browser.post(`${SETUP}/begin`, { csrf_token: field(intro, 'csrf_token') })
  const form = await browser.get(begun.location)
  const secret = /<code[^>]*>([A-Z2-7]{32})</.exec(form.text)?.[1] ?? ''
  const fields = { csrf_token: field(form, 'csrf_token'), setup: field(form, 'setup') }
  const answer = await browser.post(SETUP, { ...fields, code: currentCode(act, secret) }, last)
  if (!answer.location.startsWith('/account/reveal/')) throw new Error(`not set up: ${answer.status} ${answer.text}`)
  act.app.clock.advance(60_000)
  return secret
}

async function logIn(act: Act, user: { username: string; password: string }): Promise<void> {
  const browser = openBrowser(act.app, { ip: act.address })
  const csrf_token = field(await browser.get('/login'), 'csrf_token')
  await browser.post('/login', { csrf_token, username: user.username, password: user.password }, act.mark)
}

/** The step after the password, with the right code or a wrong one. */
async function secondStep(act: Act, right: boolean): Promise<Person> {
  const person = await act.person()
  const secret = await setUpFactor(act, browserOf(act, person))
  const browser = openBrowser(act.app, { ip: act.address })
  await browser.logIn(person)
  const csrf_token = field(await browser.get(STEP), 'csrf_token')
  await browser.post(STEP, { csrf_token, code: right ? currentCode(act, secret) : '000000' }, act.mark)
  return person
}

async function passkeyOf({ app }: Act) {
  const { user, browser } = await userWithPasskey(app)
  const { q, t } = app.ctx.db
  const [passkey] = await q.select().from(t.passkeys).where(eq(t.passkeys.userId, user.id))
  return { user, browser, id: passkey?.id ?? '' }
}

const ownGrant = async (act: Act) => {
  const person = await act.person()
  const { familyId, consentId } = await issueTokens(act.app, { user: person, client: await act.client() })
  return { person, familyId, consentId }
}

const signIn: readonly Action[] = [
  [
    'signs in with a password',
    async (act) => {
      const person = await act.person()
      await logIn(act, person)
      return [record('AUTHENTICATION_SUCCESS', someone(person), account(person))]
    },
  ],
  [
    'signs in with a password and has a second factor to show',
    async (act) => {
      const person = await act.person()
      await setUpFactor(act, browserOf(act, person))
      await logIn(act, person)
      return [record('SECOND_FACTOR_REQUIRED', someone(person), account(person))]
    },
  ],
  [
    'types a wrong password',
    async (act) => {
      const person = await act.person()
      await logIn(act, { ...person, password: WRONG })
      return [refused('AUTHENTICATION_FAILURE', someone(person), account(person))]
    },
  ],
  [
    'types a name that nobody has',
    async (act) => {
      await logIn(act, { username: 'nobody-at-all', password: WRONG })
      return [refused('AUTHENTICATION_FAILURE', ['', 'nobody-at-all'], NOTHING)]
    },
  ],
  [
    'types a right second code',
    async (act) => {
      const person = await secondStep(act, true)
      return [record('AUTHENTICATION_SUCCESS', someone(person), account(person))]
    },
  ],
  [
    'types a wrong second code',
    async (act) => {
      const person = await secondStep(act, false)
      return [refused('AUTHENTICATION_FAILURE', someone(person), account(person))]
    },
  ],
  [
    'confirms who they are',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/account/confirm', { password: person.password, redirect: '/apps' })
      return [record('AUTHENTICATION_SUCCESS', someone(person), account(person))]
    },
  ],
  [
    'is new and comes through a provider',
    async (act) => {
      const browser = openTraveller(act.app, act.address)
      const back = await browser.leave('github')
      await browser.get(back, act.mark)
      const { q, t } = act.app.ctx.db
      const [user] = (await q.select().from(t.users)).filter(({ email }) => email === 'hubert@example.com')
      if (!user) throw new Error('no account was made')
      return [record('OAUTH_AUTHENTICATION', someone(user), account(user))]
    },
  ],
  [
    'turns back at a provider',
    async (act) => {
      const browser = openTraveller(act.app, act.address)
      const state = new URL((await browser.get('/auth/login/github')).location).searchParams.get('state') ?? ''
      await browser.get(`/auth/callback/github?${new URLSearchParams({ error: 'access_denied', state })}`, act.mark)
      return [refused('OAUTH_AUTHENTICATION', NOBODY, NOTHING)]
    },
  ],
  [
    'connects an account of a provider',
    async (act) => {
      Object.assign(act.github.person, {
        ...{ id: 77, login: 'grete' },
        emails: [{ email: 'grete@example.com', primary: true, verified: true }],
      })
      const person = await act.person()
      const browser = browserOf(act, person)
      const left = await browser.post('/account/connections/github/connect', { csrf_token: person.signedIn.csrfToken })
      const url = /^0; url=(.*)$/.exec(left.headers.get('refresh') ?? '')?.[1] ?? ''
      await browser.get(await there(url), act.mark)
      return [record('OAUTH_AUTHENTICATION', someone(person), account(person))]
    },
  ],
  [
    'signs out',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/logout')
      return [record('LOGOUT', someone(person), account(person))]
    },
  ],
  [
    'is signed out by an application',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/oauth/end_session/confirm')
      return [record('LOGOUT', someone(person), account(person))]
    },
  ],
  [
    'ends another browser session',
    async (act) => {
      const person = await act.person()
      const { sid } = await act.app.signIn(person)
      await act.post(person, `/account/sessions/${sid}/end`)
      return [record('LOGOUT', someone(person), account(person))]
    },
  ],
  [
    'ends all other browser sessions',
    async (act) => {
      const person = await act.person()
      await act.app.signIn(person)
      await act.post(person, '/account/sessions/end-others')
      return [record('LOGOUT', someone(person), account(person))]
    },
  ],
  [
    'uses the cookie of another browser',
    async (act) => {
      const { signedIn, ...person } = await act.person()
      const headers = { ...act.mark, cookie: signedIn.cookie, 'user-agent': 'Another/1.0' }
      await act.app.get('/account', { headers })
      return [refused('SUSPICIOUS_ACTIVITY', someone(person), account(person))]
    },
  ],
  [
    'sends a form of another site',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/account/sessions/revoke-all', { csrf_token: 'made up' })
      return [refused('SUSPICIOUS_ACTIVITY', someone(person), NOTHING)]
    },
  ],
  [
    'tries more passwords than may be tried',
    async (act) => {
      const browser = openBrowser(act.app, { ip: act.address })
      const csrf_token = field(await browser.get('/login'), 'csrf_token')
      const guess = (headers: Record<string, string>) =>
        browser.post('/login', { csrf_token, username: 'x', password: WRONG }, headers)
      for (let tries = 0; tries < TRIES; tries += 1) await guess({})
      await guess(act.mark)
      return [refused('RATE_LIMIT_EXCEEDED', NOBODY, NOTHING)]
    },
  ],
]

const ownAccount: readonly Action[] = [
  [
    'revokes a grant',
    async (act) => {
      const { person, familyId } = await ownGrant(act)
      await act.post(person, `/account/sessions/${familyId}/revoke`)
      return [record('TOKEN_REVOKED', someone(person), token(familyId))]
    },
  ],
  [
    'revokes a grant where its list was before',
    async (act) => {
      const { person, familyId } = await ownGrant(act)
      await act.post(person, `/account/grants/${familyId}/revoke`)
      return [record('TOKEN_REVOKED', someone(person), token(familyId))]
    },
  ],
  [
    'disables a grant',
    async (act) => {
      const { person, familyId } = await ownGrant(act)
      await act.post(person, `/account/sessions/${familyId}/disable`)
      return [record('TOKEN_DISABLED', someone(person), token(familyId))]
    },
  ],
  [
    'enables a grant',
    async (act) => {
      const { person, familyId } = await ownGrant(act)
      const headers = { cookie: person.signedIn.cookie }
      await act.app.postForm(
        `/account/sessions/${familyId}/disable`,
        { csrf_token: person.signedIn.csrfToken },
        headers,
      )
      await act.post(person, `/account/sessions/${familyId}/enable`)
      return [record('TOKEN_ENABLED', someone(person), token(familyId))]
    },
  ],
  [
    'revokes all grants',
    async (act) => {
      const { person } = await ownGrant(act)
      await act.post(person, '/account/sessions/revoke-all')
      return [record('TOKEN_REVOKED', someone(person), account(person))]
    },
  ],
  [
    'takes back what an application may',
    async (act) => {
      const { person, consentId } = await ownGrant(act)
      await act.post(person, `/account/authorizations/${consentId}/revoke`)
      return [record('USER_AUTHORIZATION_REVOKED', someone(person), consent(consentId))]
    },
  ],
  [
    'changes their name',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/account/profile', { full_name: 'Another Name' })
      return [record('USER_UPDATED', someone(person), account(person))]
    },
  ],
  [
    'changes their language',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/account/profile', { full_name: person.fullName, language: 'zh-TW' })
      return [record('USER_UPDATED', someone(person), account(person))]
    },
  ],
  [
    'changes their password',
    async (act) => {
      const person = await act.person()
      const password = 'four quiet herons at dusk'
      const fields = { current_password: person.password, password, password_confirm: password }
      await act.post(person, '/account/change-password', fields)
      return [record('USER_UPDATED', someone(person), account(person))]
    },
  ],
  [
    'does not know the password to be changed',
    async (act) => {
      const person = await act.person()
      const password = 'four quiet herons at dusk'
      const fields = { current_password: WRONG, password, password_confirm: password }
      await act.post(person, '/account/change-password', fields)
      return [refused('AUTHENTICATION_FAILURE', someone(person), account(person))]
    },
  ],
  [
    'sets up a second factor',
    async (act) => {
      const person = await act.person()
      await setUpFactor(act, browserOf(act, person), act.mark)
      return [record('SECOND_FACTOR_ENABLED', someone(person), account(person))]
    },
  ],
  [
    'removes their second factor',
    async (act) => {
      const person = await act.person()
      const browser = browserOf(act, person)
      await setUpFactor(act, browser)
      const csrf_token = field(await browser.get('/account/security'), 'csrf_token')
      await browser.post(`${SETUP}/disable`, { csrf_token }, act.mark)
      return [record('SECOND_FACTOR_DISABLED', someone(person), account(person))]
    },
  ],
  [
    'gets new recovery codes',
    async (act) => {
      const person = await act.person()
      const browser = browserOf(act, person)
      await setUpFactor(act, browser)
      const csrf_token = field(await browser.get('/account/security'), 'csrf_token')
      await browser.post('/account/security/recovery-codes', { csrf_token }, act.mark)
      return [record('RECOVERY_CODES_REPLACED', someone(person), account(person))]
    },
  ],
  [
    'renames a passkey',
    async (act) => {
      const { user, browser, id } = await passkeyOf(act)
      await browser.post(
        `${PASSKEYS}/${id}/rename`,
        { csrf_token: await csrfTokenOf(browser), name: 'Phone' },
        act.mark,
      )
      return [record('PASSKEY_RENAMED', someone(user), account(user))]
    },
  ],
  [
    'removes a passkey',
    async (act) => {
      const { user, browser, id } = await passkeyOf(act)
      await browser.post(`${PASSKEYS}/${id}/delete`, { csrf_token: await csrfTokenOf(browser) }, act.mark)
      return [record('SECOND_FACTOR_DISABLED', someone(user), account(user))]
    },
  ],
  [
    'disconnects an account of a provider',
    async (act) => {
      const person = await act.person()
      const issuer = act.github.server.url
      const { id } = await insertConnection(act.app, person, { provider: 'github', issuer, providerUserId: '4711' })
      await act.post(person, `/account/connections/${id}/disconnect`)
      return [record('OAUTH_CONNECTION_DELETED', someone(person), account(person))]
    },
  ],
]

export const people: readonly Action[] = [...signIn, ...ownAccount]
