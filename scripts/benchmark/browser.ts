/** What browsers do before and during a run: sign in, allow an application once, and sign in all at once. */
import { createHash } from 'node:crypto'
import { type ConfidentialClient, PASSWORD } from './subject'

export interface Browser {
  /** Of the session, as `Cookie` header. */
  cookie: string
  userAgent: string
}

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const VERIFIER = 'a-code-verifier-of-the-benchmark-of-43-chars'
const CALLERS = 32

const hidden = (html: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''

const cookieOf = (answer: Response, name: string): string =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .find((cookie) => cookie.startsWith(`${name}=`)) ?? ''

const send = (url: string, cookie: string, fields?: Record<string, string>): Promise<Response> =>
  fetch(url, {
    redirect: 'manual',
    headers: { cookie, 'user-agent': USER_AGENT },
    ...(fields && { method: 'POST', body: new URLSearchParams(fields) }),
  })

interface LoginForm {
  cookie: string
  fields: Record<string, string>
}

async function openLogin(url: string): Promise<LoginForm> {
  const answer = await send(`${url}/login`, '')
  const csrf_token = hidden(await answer.text(), 'csrf_token')
  return { cookie: cookieOf(answer, 'oauth_login'), fields: { csrf_token, username: 'admin', password: PASSWORD } }
}

export async function signIn(url: string): Promise<Browser> {
  const { cookie, fields } = await openLogin(url)
  const answer = await send(`${url}/login`, cookie, fields)
  const session = cookieOf(answer, 'oauth_session')
  if (session === '') throw new Error(`signing in: ${answer.status} ${await answer.text()}`)
  return { cookie: session, userAgent: USER_AGENT }
}

export interface CodeFlow {
  /** Of an authorization request that is answered with a code at once. */
  path: string
  /** Form of the redemption, without the code. */
  redemption: string
}

/** Allows the application once, on its consent page. */
export async function rememberConsent(
  url: string,
  { cookie }: Browser,
  { clientId, secret, redirectUri }: ConfidentialClient,
): Promise<CodeFlow> {
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: 'benchmark',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const path = `/oauth/authorize?${asked}`
  const html = await (await send(url + path, cookie)).text()
  const decision = { csrf_token: hidden(html, 'csrf_token'), request_id: hidden(html, 'request_id'), action: 'approve' }
  await send(`${url}/oauth/authorize`, cookie, decision)
  const again = await send(url + path, cookie)
  if (!again.headers.get('location')?.startsWith(redirectUri))
    throw new Error(`the consent was not remembered: ${again.status} ${await again.text()}`)
  const redemption = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: secret,
    redirect_uri: redirectUri,
    code_verifier: VERIFIER,
  })
  return { path, redemption: redemption.toString() }
}

/** People with the right password who sign in as fast as they are let, until `stop`. */
export async function stormOfLogins(url: string): Promise<{ stop(): Promise<void> }> {
  const { cookie, fields } = await openLogin(url)
  let over = false
  const caller = async () => {
    while (!over) await (await send(`${url}/login`, cookie, fields)).text()
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, caller))
  return {
    stop: async () => {
      over = true
      await callers
    },
  }
}
