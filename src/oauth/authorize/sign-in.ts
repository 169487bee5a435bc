/**
 * Whether the person at the browser has signed in as the request wants it (OIDC Core §3.1.2.1, §3.1.2.3), and the way
 * to the login page and back.
 *
 * The address to return to carries the time at which a new login was asked for, under a keyed digest that binds it to
 * the request. A login after that time satisfies the request, so nobody is asked twice; an older one does not.
 */
import type { RequestContext } from '../../context'
import { EnrolmentRequired, loginPathTo, PasswordChangeRequired } from '../../edge/browser-session'
import { mustEnrol } from '../../identity/second-factor/required'
import { type BrowserSession, mustReplacePassword } from '../../identity/sessions'
import type { Parameters } from './parameters'
import { AuthorizationRefused, type AuthorizationRequest } from './request'

const MARK = 'login_since'
const MARK_PAIR = new RegExp(`&${MARK}=[^&]*$`)
const MARK_FORM = /^([0-9a-z]{1,11})\.([0-9a-f]{64})$/
/** How long somebody may take to sign in. */
const MARK_LIFETIME_MS = 3_600_000

const withoutMark = (query: string): string => query.replace(MARK_PAIR, '')

const marked = (time: string, query: string): string => `login asked for at ${time} by ${query}`

/** The address that asks for a login from now on. `query` without question mark. */
function markedTarget(ctx: RequestContext, query: string): string {
  const time = ctx.clock.now().toString(36)
  const plain = withoutMark(query)
  return `/oauth/authorize?${plain}&${MARK}=${time}.${ctx.secrets.pendingRequest.digest(marked(time, plain))}`
}

/** Whether this session began after the login page was shown for this very request. */
function signedInSince(ctx: RequestContext, query: string, { values }: Parameters, session: BrowserSession): boolean {
  const [, time = '', digest = ''] = MARK_FORM.exec(values[MARK] ?? '') ?? []
  if (time === '' || !ctx.secrets.pendingRequest.matches(marked(time, withoutMark(query)), digest)) return false
  const askedAt = Number.parseInt(time, 36)
  return session.authTime.getTime() >= askedAt && ctx.clock.now() - askedAt < MARK_LIFETIME_MS
}

/** The login page for somebody without a session. A login made for a request satisfies it, so it is made once. */
export function loginAddress(
  ctx: RequestContext,
  query: string,
  ended?: 'session_timeout' | 'session_invalid',
): string {
  const sent = new URLSearchParams(query)
  const demands = ['prompt', 'max_age', 'id_token_hint'].some((name) => sent.has(name))
  const target = query === '' ? '/oauth/authorize' : `/oauth/authorize?${query}`
  // Also where a login waits for its second factor already: that one began before it was asked for.
  return loginPathTo(demands ? markedTarget(ctx, query) : target, { ended, again: demands })
}

/** The login page for somebody who is signed in, but should show again who they are, or is to be somebody else. */
export const newLoginAddress = (ctx: RequestContext, query: string): string =>
  loginPathTo(markedTarget(ctx, query), { again: true })

/**
 * Where the browser has to go before the request can be decided; undefined when the session will do.
 *
 * Throws `AuthorizationRefused` where the client forbids to ask (`prompt=none`) or asking did not help, and
 * `PasswordChangeRequired` or `EnrolmentRequired`.
 */
export function signInFirst(
  ctx: RequestContext,
  request: AuthorizationRequest,
  session: BrowserSession,
  asked: { readonly query: string; readonly parameters: Parameters },
): string | undefined {
  const silent = request.prompt.has('none')
  if (mustReplacePassword(session)) {
    if (silent) throw new AuthorizationRefused(request, 'interaction_required')
    throw new PasswordChangeRequired('password change required')
  }
  if (mustEnrol(ctx.settings, session)) {
    if (silent) throw new AuthorizationRefused(request, 'interaction_required')
    throw new EnrolmentRequired('second factor required')
  }
  const otherUser = request.hint !== undefined && request.hint.userId !== session.user.id
  const demanded =
    request.prompt.has('login') || request.prompt.has('select_account') || isTooOld(ctx, request, session)
  if (!otherUser && !demanded) return undefined
  const isNew = signedInSince(ctx, asked.query, asked.parameters, session)
  if (!otherUser && isNew) return undefined
  if (silent || isNew) throw new AuthorizationRefused(request, 'login_required')
  return newLoginAddress(ctx, asked.query)
}

function isTooOld(ctx: RequestContext, { maxAgeSeconds }: AuthorizationRequest, session: BrowserSession): boolean {
  if (maxAgeSeconds === undefined) return false
  // Zero means now, like `prompt=login`.
  return maxAgeSeconds === 0 || ctx.clock.now() - session.authTime.getTime() > maxAgeSeconds * 1000
}
