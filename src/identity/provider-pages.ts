/** `/auth/login/:provider` and `/auth/callback/:provider`: signing in through another system (RFC 6749 §4.1, OIDC Core §3.1). */
import { t } from 'elysia'
import type { Context, RequestContext } from '../context'
import { commit } from '../db/commit'
import { attemptCookieName, readCookie } from '../edge/cookies'
import { messagesFor } from '../edge/language'
import { redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { pageSurface } from '../edge/surfaces/page'
import { auditRefusedLogin } from './linking/audit-login'
import { type ConnectOutcome, connectAccount } from './linking/connect'
import { signInThrough } from './linking/sign-in'
import { DEFAULT_TARGET } from './login-form'
import { depart, logProviderFailure, providerFailurePage, refusalPage } from './provider-attempt'
import { type ClaimedAttempt, claimAttempt, LONGEST_STATE } from './providers/attempts'
import { type Provider, type ProviderAccount, ProviderFailure, type Returned } from './providers/provider'
import { safeRedirect } from './redirect-target'
import { isHalfway } from './second-factor/required'
import { addFlash, type BrowserSession } from './sessions'
import { signedInAnswer } from './signed-in'

const CONNECTIONS = '/account/connections'

const optionalText = t.Optional(t.String())
const named = t.Object({ provider: t.String() })

/** Without a provider there is nothing at these addresses. */
export const providerPages = (context: Context) =>
  context.providers.all.length === 0 ? pageSurface(context) : routes(context)

const routes = (context: Context) =>
  pageSurface(context)
    .get(
      '/auth/login/:provider',
      async ({ ctx, session, params, query, request }) => {
        const provider = ctx.providers.find(params.provider)
        if (!provider) throw new PageError(400, (text) => text.providers.errors.unsupported)
        const { url, cookie } = await depart(ctx, request, provider, {
          redirect: safeRedirect(ctx.settings, query.redirect) ?? '',
          remember: query.remember_me === '1' && ctx.settings.SESSION_REMEMBER_ME_ENABLED,
          // Somebody who is signed in comes here to prove again who they are.
          fresh: session !== undefined,
          linkUserId: undefined,
        })
        const headers = { Location: url.href, 'Cache-Control': 'no-store', Vary: 'Cookie', 'Set-Cookie': cookie }
        return new Response(null, { status: 307, headers })
      },
      { params: named, query: t.Object({ redirect: optionalText, remember_me: optionalText }), response: t.Any() },
    )
    .get(
      '/auth/callback/:provider',
      async ({ ctx, session, halfway, params, query, request }) => {
        const provider = ctx.providers.find(params.provider)
        if (!provider) throw new PageError(400, (text) => text.providers.errors.unknown)
        const attempt = await requireAttempt(ctx, request, provider, query.state ?? '')
        try {
          const answer = await finish(ctx, provider, attempt, query, { session, halfway })
          ctx.metrics.count('auth_oauth_callback_total', { provider: provider.name, result: 'success' })
          return answer
        } catch (error) {
          ctx.metrics.count('auth_oauth_callback_total', { provider: provider.name, result: 'error' })
          if (attempt.linkUserId === undefined) countLogin(ctx, provider, 'failure')
          if (error instanceof Cancelled) return cancelled(ctx, attempt, session)
          throw error
        }
      },
      {
        params: named,
        query: t.Object({ code: optionalText, state: optionalText, error: optionalText, iss: optionalText }),
        response: t.Any(),
      },
    )

/** The person said no at the provider. */
class Cancelled extends Error {}

async function requireAttempt(
  ctx: RequestContext,
  request: Request,
  provider: Provider,
  state: string,
): Promise<ClaimedAttempt> {
  if (state.length > LONGEST_STATE) throw new PageError(400, (text) => text.providers.errors.stateTooLong)
  const claim = await claimAttempt(ctx, provider, state, readCookie(request, attemptCookieName(ctx.settings)))
  if (claim.kind === 'claimed') return claim.attempt
  auditRefusedLogin(ctx, provider, claim.kind)
  ctx.metrics.count('auth_oauth_callback_total', { provider: provider.name, result: 'error' })
  throw new PageError(400, ({ providers: { errors } }) =>
    claim.kind === 'no_attempt' ? errors.noAttempt : errors.wrongState,
  )
}

interface Browsing {
  readonly session: BrowserSession | undefined
  readonly halfway: BrowserSession | undefined
}

interface Answer {
  readonly code?: string
  readonly error?: string
  readonly iss?: string
}

async function finish(
  ctx: RequestContext,
  provider: Provider,
  attempt: ClaimedAttempt,
  { code, error, iss }: Answer,
  { session, halfway }: Browsing,
): Promise<Response> {
  const { linkUserId, returned } = attempt
  // Signed out, or somebody else, since the way there was taken.
  if (linkUserId !== undefined && session?.user.id !== linkUserId) {
    auditRefusedLogin(ctx, provider, 'another_session')
    throw new PageError(400, (text) => text.providers.errors.noAttempt)
  }
  if (error !== undefined) throw refusedThere(ctx, provider, error)
  const account = await accountOf(ctx, provider, { ...returned, code: code ?? '', iss })
  return linkUserId !== undefined && session
    ? connect(ctx, session, provider, account)
    : signIn(ctx, provider, account, attempt, session ?? halfway)
}

/** What a provider may say of itself (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6); other words stay out of the records. */
const ERROR_CODE = /^[\w.-]{1,60}$/

function refusedThere(ctx: RequestContext, provider: Provider, error: string): Error {
  const reason = ERROR_CODE.test(error) ? error : 'unreadable error'
  auditRefusedLogin(ctx, provider, `provider: ${reason}`)
  if (error === 'access_denied') return new Cancelled('cancelled')
  logProviderFailure(ctx, provider, reason)
  return new PageError(502, (text) => text.providers.errors.refusedThere(provider.label))
}

async function cancelled(
  ctx: RequestContext,
  { redirect, linkUserId }: ClaimedAttempt,
  session: BrowserSession | undefined,
): Promise<Response> {
  if (linkUserId === undefined)
    return redirectTo(ctx, `/login?${new URLSearchParams({ ...(redirect && { redirect }), error: 'oauth_denied' })}`)
  if (session) await commit(ctx, [addFlash(session, messagesFor(ctx, session).providers.cancelled)])
  return redirectTo(ctx, CONNECTIONS)
}

async function accountOf(ctx: RequestContext, provider: Provider, returned: Returned): Promise<ProviderAccount> {
  try {
    if (returned.code === '') throw new ProviderFailure('exchange', 'no code')
    return await provider.account(returned)
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error
    logProviderFailure(ctx, provider, error.message)
    auditRefusedLogin(ctx, provider, error.message)
    throw providerFailurePage(provider, error)
  }
}

const countLogin = (ctx: RequestContext, { name }: Provider, result: 'success' | 'failure'): void =>
  ctx.metrics.count('auth_login_total', { auth_source: name, result })

async function signIn(
  ctx: RequestContext,
  provider: Provider,
  account: ProviderAccount,
  { remember, redirect }: ClaimedAttempt,
  replaces: BrowserSession | undefined,
): Promise<Response> {
  const outcome = await signInThrough(ctx, { provider, account, remember, replaces })
  if (outcome.kind === 'refused') throw refusalPage(ctx, provider, outcome.reason)
  // Counted with the second factor where one is still to come.
  if (!isHalfway(outcome.started.session)) countLogin(ctx, provider, 'success')
  return signedInAnswer(ctx, { started: outcome.started, knownDevice: undefined }, redirect || DEFAULT_TARGET)
}

async function connect(
  ctx: RequestContext,
  session: BrowserSession,
  provider: Provider,
  account: ProviderAccount,
): Promise<Response> {
  const { account: text } = messagesFor(ctx, session).providers
  const message = text.nowConnected(provider.label)
  const outcome = await connectAccount(ctx, session, { provider, account, message })
  if (outcome === 'already') await commit(ctx, [addFlash(session, text.wasConnected(provider.label))])
  else if (outcome !== 'connected') {
    auditRefusedLogin(ctx, provider, outcome, account, session.user)
    throw notConnected(provider, outcome)
  }
  return redirectTo(ctx, CONNECTIONS)
}

type NotConnected = Exclude<ConnectOutcome, 'connected' | 'already'>

const notConnected = ({ label }: Provider, outcome: NotConnected): PageError =>
  new PageError(409, ({ providers: { errors } }) => {
    if (outcome === 'of_another_user') return errors.ofAnotherUser(label)
    return outcome === 'another_account' ? errors.anotherAccount(label) : errors.managedElsewhere
  })
