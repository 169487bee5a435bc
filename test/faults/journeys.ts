/** What people and applications do at the server, over and over, keeping account of what was acknowledged. */
import { createHash, randomBytes } from 'node:crypto'
import { type FormBrowser, formBrowser, type Page } from '../support/form-browser'
import { countOne, type HeldCode, idOf, type Ledger, recordOf, setFate } from './ledger'
import { CALLBACK, type RegisteredClient } from './service-client'
import type { Subject } from './subject'

export interface Journeys {
  /** Answers that were not as they must be. Requests without an answer count from the call of `stop` on no more. */
  readonly wrong: readonly string[]
  /** Requests that were answered. */
  answered(): number
  /** Resolves when nobody is under way any more. */
  stop(): Promise<void>
}

export interface JourneySettings {
  /** How many of everybody are under way at a time. */
  readonly crowd?: number
  /** Milliseconds between two requests of one caller. */
  readonly pauseMs?: number
  readonly limitMs?: number
}

/** An answer, but the wrong one. */
class WrongAnswer extends Error {}

/** Fewer than a session may ask for authorization within a minute. */
const JOURNEYS_PER_SESSION = 15

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

type Fields = Record<string, string>
type Json = Record<string, unknown>

export function startJourneys(
  { url, fetch, clients, password }: Pick<Subject, 'url' | 'fetch' | 'clients' | 'password'>,
  ledger: Ledger,
  { crowd = 1, pauseMs = 0, limitMs = 10_000 }: JourneySettings = {},
): Journeys {
  const wrong: string[] = []
  let answered = 0
  let running = true

  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    if (pauseMs > 0) await Bun.sleep(pauseMs * (0.5 + Math.random()))
    const answer = await fetch(path, { ...init, signal: AbortSignal.timeout(limitMs) })
    // Only a whole answer is one.
    const body = await answer.arrayBuffer()
    answered += 1
    return new Response(body.byteLength > 0 ? body : null, { status: answer.status, headers: answer.headers })
  }
  const post = async (path: string, fields: Fields, headers: Fields = {}): Promise<Json> => {
    const answer = await ask(path, { method: 'POST', body: new URLSearchParams(fields), headers })
    const text = await answer.text()
    if (answer.status !== 200) throw new WrongAnswer(`${path} ${fields.grant_type ?? ''}: ${answer.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Json)
  }
  const basic = { authorization: `Basic ${btoa(`${clients.service.id}:${clients.service.secret}`)}` }
  const newBrowser = () => formBrowser(url, ask)
  const expectPage = (page: Page, path: string): Page => {
    if (page.status === 200 && page.path.startsWith(path)) return page
    throw new WrongAnswer(`${path} expected: ${page.status} at ${page.path}`)
  }

  // One at a time: more passwords of one account in the making than it has free guesses would be delayed.
  let lastSignIn: Promise<unknown> = Promise.resolve()
  const signIn = (): Promise<FormBrowser> => {
    const browser = newBrowser()
    const signedIn = lastSignIn.then(async () => {
      const form = expectPage(await browser.open('/login'), '/login')
      expectPage(await browser.submit(form, '/login', { username: 'admin', password }), '/account')
      ledger.sessions.set(browser, 'live')
      countOne(ledger, 'AUTHENTICATION_SUCCESS')
      return browser
    })
    lastSignIn = signedIn.catch(() => {})
    return signedIn
  }

  /** Notes what came with an answer of the token endpoint. */
  const keep = (answer: Json, clientId: string, event: string): { access: string; refresh: string } => {
    const access = String(answer.access_token)
    const refresh = typeof answer.refresh_token === 'string' ? answer.refresh_token : ''
    ledger.tokens.set(access, { kind: 'access', clientId, fate: 'live' })
    ledger.records.push(recordOf(event, idOf(access)))
    if (refresh !== '') ledger.tokens.set(refresh, { kind: 'refresh', clientId, fate: 'live' })
    return { access, refresh }
  }

  const refreshOnce = async (client: RegisteredClient, token: string) => {
    setFate(ledger, [token], 'open')
    ledger.unansweredRefreshes.set(token, client.id)
    const fields = { grant_type: 'refresh_token', client_id: client.id, refresh_token: token }
    const next = keep(await post('/oauth/token', fields), client.id, 'TOKEN_REFRESHED')
    ledger.unansweredRefreshes.delete(token)
    setFate(ledger, [token], 'ended')
    return next
  }

  const revoke = async (token: string, taken: readonly string[], headers: Fields = {}) => {
    setFate(ledger, taken, 'open')
    await post('/oauth/revoke', { token }, headers)
    setFate(ledger, taken, 'ended')
    ledger.records.push(recordOf('TOKEN_REVOKED', idOf(token)))
  }

  /** Sends the person of the browser through an authorization request to the code. */
  const authorize = async (browser: FormBrowser, client: RegisteredClient) => {
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: client.id, redirect_uri: CALLBACK, scope: 'email profile', state: 'x' },
      ...{ code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' },
    })
    let page = await browser.open(`/oauth/authorize?${query}`)
    if (page.html.includes('name="request_id"'))
      page = await browser.submit(page, '/oauth/authorize', { action: 'approve' })
    const code = URL.canParse(page.path) ? new URL(page.path).searchParams.get('code') : null
    if (!code) throw new WrongAnswer(`authorize: no code, ${page.status} at ${page.path.slice(0, 80)}`)
    countOne(ledger, 'AUTHORIZATION_CODE_GENERATED')
    const held: HeldCode = { clientId: client.id, verifier, state: 'issued', tokens: [] }
    ledger.codes.set(code, held)
    return { code, held }
  }
  const redeem = async ({ code, held }: { code: string; held: HeldCode }) => {
    held.state = 'redeeming'
    const fields = {
      ...{ grant_type: 'authorization_code', client_id: held.clientId, code, code_verifier: held.verifier },
      redirect_uri: CALLBACK,
    }
    const tokens = keep(await post('/oauth/token', fields), held.clientId, 'ACCESS_TOKEN_ISSUED')
    countOne(ledger, 'AUTHORIZATION_CODE_EXCHANGED')
    held.state = 'redeemed'
    held.tokens.push(tokens.access, tokens.refresh)
    return tokens
  }

  /** One who is signed in; a fresh sign-in now and then. */
  const people = new Map<string, { browser: FormBrowser; journeys: number }>()
  const person = async (name: string): Promise<FormBrowser> => {
    const known = people.get(name)
    if (known && known.journeys < JOURNEYS_PER_SESSION) {
      known.journeys += 1
      return known.browser
    }
    const browser = await signIn()
    people.set(name, { browser, journeys: 0 })
    return browser
  }

  const deviceJourney = async (who: string, turn: number) => {
    const started = await post('/oauth/device/code', { client_id: clients.device.id, scope: 'email' })
    const code = String(started.device_code)
    ledger.deviceCodes.set(code, { state: 'pending' })
    countOne(ledger, 'DEVICE_CODE_GENERATED')
    if (turn % 3 === 0) return
    const browser = await person(who)
    const user = String(started.user_code)
    let page = expectPage(await browser.open(`/device?user_code=${user}`), '/device')
    page = expectPage(await browser.submit(page, '/device/verify', { user_code: user }), '/device')
    ledger.deviceCodes.set(code, { state: 'approving' })
    expectPage(await browser.submit(page, '/device/decide', { action: 'approve' }), '/device')
    ledger.deviceCodes.set(code, { state: 'approved' })
    countOne(ledger, 'DEVICE_CODE_AUTHORIZED')
    if (turn % 3 === 1) return
    ledger.deviceCodes.set(code, { state: 'redeeming' })
    const fields = { grant_type: DEVICE, client_id: clients.device.id, device_code: code }
    const { access, refresh } = keep(await post('/oauth/token', fields), clients.device.id, 'ACCESS_TOKEN_ISSUED')
    ledger.deviceCodes.set(code, { state: 'redeemed', tokens: [access, refresh] })
  }

  const codeJourney = async (who: string, turn: number) => {
    const code = await authorize(await person(who), clients.application)
    if (turn % 12 === 0) return
    let tokens = await redeem(code)
    for (let n = 0; n < 4; n += 1) {
      tokens = await refreshOnce(clients.application, tokens.refresh)
      code.held.tokens.push(tokens.access, tokens.refresh)
    }
    if (turn % 2 === 0) await revoke(tokens.refresh, code.held.tokens)
  }

  const serviceJourney = async (_who: string, turn: number) => {
    const { access } = keep(
      await post('/oauth/token', { grant_type: 'client_credentials' }, basic),
      clients.service.id,
      'CLIENT_CREDENTIALS_TOKEN_ISSUED',
    )
    const seen = await post('/oauth/introspect', { token: access }, basic)
    if (seen.active !== true) throw new WrongAnswer(`introspection of a new token: ${JSON.stringify(seen)}`)
    if (turn % 2 === 0) await revoke(access, [access], basic)
  }

  /** What the person allowed is taken back, and with it what came of it. */
  const consentJourney = async (who: string) => {
    const browser = await person(who)
    const { access, refresh } = await redeem(await authorize(browser, clients.fickle))
    const page = expectPage(await browser.open('/account/authorizations'), '/account/authorizations')
    const [question] = (page.html.match(/<dialog[\s\S]*?<\/dialog>/g) ?? []).filter((html) => html.includes('Fickle'))
    const action = /action="([^"]*\/account\/authorizations\/[^"/]+\/revoke)"/.exec(question ?? '')
    if (!action?.[1]) throw new WrongAnswer('the consent is not in the list')
    setFate(ledger, [access, refresh], 'open')
    expectPage(await browser.submit(page, action[1], {}), '/account/authorizations')
    setFate(ledger, [access, refresh], 'ended')
    countOne(ledger, 'USER_AUTHORIZATION_REVOKED')
  }

  const loginJourney = async (_who: string, turn: number) => {
    const browser = await signIn()
    const page = expectPage(await browser.open('/account/sessions'), '/account/sessions')
    if (turn % 2 === 1) return
    ledger.sessions.set(browser, 'open')
    expectPage(await browser.open('/logout'), '/login')
    ledger.sessions.set(browser, 'ended')
    countOne(ledger, 'LOGOUT')
    void page
  }

  const repeat = async (journey: (who: string, turn: number) => Promise<void>, who: string) => {
    for (let turn = Math.floor(Math.random() * 12); running; turn += 1) {
      try {
        await journey(who, turn)
      } catch (error) {
        if (error instanceof WrongAnswer) wrong.push(error.message.slice(0, 300))
        else if (running) wrong.push(`no answer: ${(error as Error).message}`)
      }
    }
  }

  const work: Promise<void>[] = []
  for (let n = 0; n < crowd; n += 1)
    work.push(
      repeat(deviceJourney, `device ${n}`),
      repeat(codeJourney, `code ${n}`),
      repeat(codeJourney, `code too ${n}`),
      repeat(serviceJourney, `service ${n}`),
    )
  // What one person takes back would end what another was just allowed: they are the same user.
  work.push(repeat(consentJourney, 'fickle'), repeat(loginJourney, 'login'))
  return {
    wrong,
    answered: () => answered,
    stop: async () => {
      running = false
      await Promise.all(work)
    },
  }
}
