/**
 * Limits per route and client, looked at before a body is read.
 *
 * Every answer of a limited route says how much is left. A refused request is answered 429 with `Retry-After`, as a page
 * where a browser asks and as JSON elsewhere, and does not count.
 */
import type { Settings } from '../config/settings'
import type { Context, RequestContext } from '../context'
import { subscriberOf } from '../limits/subscriber'
import type { Verdict } from '../limits/window'
import { errorPageAnswer } from './error-page'
import { OAuthError } from './oauth-error'
import { PageError } from './page-error'
import { acceptsPages } from './page-failures'
import { requestContext } from './request-context'
import type { RequestInfo } from './request-info'
import { dataHeaders } from './security-headers'

/** What is limited; part of the counters' keys and the label of `ratelimit_rejected_total`. */
interface Limited {
  readonly route: string
  readonly perMinute: number
}

const TOO_MANY = 'Too many requests. Please try again later.'

/** By method and path. */
const routesPerAddress = (settings: Settings): ReadonlyMap<string, Limited> =>
  new Map([
    ['POST /login', { route: 'login', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /login/second-step', { route: 'second_step', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /login/second-step/passkey', { route: 'second_step', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /login/second-step/passkey/options', { route: 'passkey_options', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /login/passkey', { route: 'passkey', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /login/passkey/options', { route: 'passkey_options', perMinute: settings.LOGIN_RATE_LIMIT }],
    ['POST /oauth/device/code', { route: 'device_code', perMinute: settings.DEVICE_CODE_RATE_LIMIT }],
    ['POST /oauth/token', { route: 'token', perMinute: settings.TOKEN_RATE_LIMIT }],
    ['POST /oauth/register', { route: 'register', perMinute: settings.DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT }],
    ['POST /oauth/introspect', { route: 'introspect', perMinute: settings.INTROSPECT_RATE_LIMIT }],
    ['POST /oauth/revoke', { route: 'revoke', perMinute: settings.INTROSPECT_RATE_LIMIT }],
  ])

const PROVIDER_LOGINS = 20

/** The two paths of signing in through a provider end in its name. */
const PROVIDER_ROUTES: readonly { readonly prefix: string; readonly limited: Limited }[] = [
  { prefix: '/auth/login/', limited: { route: 'provider_login', perMinute: PROVIDER_LOGINS } },
  { prefix: '/auth/callback/', limited: { route: 'provider_callback', perMinute: PROVIDER_LOGINS } },
]

const providerRoute = (path: string): Limited | undefined =>
  path.startsWith('/auth/') ? PROVIDER_ROUTES.find(({ prefix }) => path.startsWith(prefix))?.limited : undefined

/**
 * A gateway asks here for all of its users, so that their bad tokens must not keep out those with good ones: only
 * refusals are counted, and only refusals are replaced.
 */
const REFUSED_TOKENS: ReadonlyMap<string, Limited> = new Map([
  ['/oauth/tokeninfo', { route: 'tokeninfo', perMinute: 600 }],
  ['/oauth/userinfo', { route: 'userinfo', perMinute: 600 }],
])

export interface RateLimit {
  /** The refusal of a request, or nothing when it may go on. */
  before(request: Request, info: RequestInfo): Promise<Response | undefined> | undefined
  /** The answer to give: the one that was made, with its headers, or a refusal in its place. */
  after(request: Request, info: RequestInfo, response: Response): Promise<Response> | Response
}

/** `undefined` when `ENABLE_RATE_LIMIT` is off. */
export function createRateLimit(ctx: Context): RateLimit | undefined {
  if (!ctx.limits) return undefined
  const perAddress = routesPerAddress(ctx.settings)
  return {
    before: (request, { method, path, ip }) => {
      const limited = perAddress.get(`${method} ${path}`) ?? providerRoute(path)
      return limited && limit(requestContext(ctx, request), request, limited, subscriberOf(ip))
    },
    after: (request, { path, ip }, response) => {
      const noted = (request as Noted)[HEADERS]
      if (noted) for (const name in noted) response.headers.set(name, noted[name] ?? '')
      const limited = response.status === 401 ? REFUSED_TOKENS.get(path) : undefined
      if (!limited) return response
      const refusal = limit(requestContext(ctx, request), request, limited, subscriberOf(ip), false)
      return refusal.then((instead) => instead ?? response)
    },
  }
}

/** For the form of a code: counted per address once the session and the form's token are known to be right. */
export const limitCodeEntry = (ctx: RequestContext, request: Request): Promise<Response | undefined> =>
  limit(
    ctx,
    request,
    { route: 'device_verify', perMinute: ctx.settings.DEVICE_VERIFY_RATE_LIMIT },
    subscriberOf(ctx.request.ip),
  )

const AUTHORIZATIONS_PER_SESSION = 60

/** For the authorization endpoint: a browser that is sent there again and again by a page. */
export const limitAuthorization = (
  ctx: RequestContext,
  request: Request,
  session: { readonly idHash: string },
): Promise<Response | undefined> =>
  limit(ctx, request, { route: 'authorize', perMinute: AUTHORIZATIONS_PER_SESSION }, session.idHash)

const APPS_PER_MINUTE = 10

/** For what puts applications before the administrators: counted per user. */
export const limitAppCreation = (
  ctx: RequestContext,
  request: Request,
  { user }: { readonly user: { readonly id: string } },
): Promise<Response | undefined> => limit(ctx, request, { route: 'apps', perMinute: APPS_PER_MINUTE }, user.id)

const CHANGES_PER_MINUTE = 120

/** For what administrators change: counted per user, so that a stolen session cannot take the server apart at once. */
export const limitAdministration = (
  ctx: RequestContext,
  request: Request,
  { user }: { readonly user: { readonly id: string } },
): Promise<Response | undefined> => limit(ctx, request, { route: 'admin', perMinute: CHANGES_PER_MINUTE }, user.id)

const FAILED_AUTHENTICATIONS = 10
/** Identifiers are shorter; what is longer names nobody. */
const LONGEST_CLIENT_ID = 100

/**
 * Failures of one client's authentication from one address. Only there: nobody can lock a foreign client out.
 *
 * `check` throws `OAuthError` 429 when there were too many; `fail` counts one.
 */
export function failedAuthentications(ctx: RequestContext, clientId: string) {
  const { limits, request } = ctx
  const key = `client_auth:${subscriberOf(request.ip)}:${clientId.slice(0, LONGEST_CLIENT_ID)}`
  return {
    check: async (): Promise<void> => {
      const verdict = await limits?.look(key, FAILED_AUTHENTICATIONS)
      if (!verdict || verdict.admitted) return
      recordExcess(ctx, { route: 'client_auth', perMinute: FAILED_AUTHENTICATIONS })
      throw new OAuthError('rate_limit_exceeded', TOO_MANY, 429, { 'Retry-After': retryAfter(verdict) })
    },
    fail: async (): Promise<void> => {
      await limits?.take(key, FAILED_AUTHENTICATIONS)
    },
  }
}

const HEADERS = Symbol('rate limit headers')

/** The headers travel with the request to the answer, whoever makes it. */
type Noted = Request & { [HEADERS]?: Readonly<Record<string, string>> }

async function limit(
  ctx: RequestContext,
  request: Request,
  limited: Limited,
  subject: string,
  announced = true,
): Promise<Response | undefined> {
  if (!ctx.limits) return undefined
  const verdict = await ctx.limits.take(`${limited.route}:${subject}`, limited.perMinute)
  const headers = limitHeaders(ctx, limited, verdict)
  if (announced) (request as Noted)[HEADERS] = headers
  if (verdict.admitted) return undefined
  recordExcess(ctx, limited)
  return refusal(ctx, request, { ...headers, 'Retry-After': retryAfter(verdict) })
}

const limitHeaders = ({ clock }: Context, { perMinute }: Limited, { remaining, resetInMs }: Verdict) => ({
  'X-RateLimit-Limit': String(perMinute),
  'X-RateLimit-Remaining': String(remaining),
  'X-RateLimit-Reset': String(Math.ceil((clock.now() + resetInMs) / 1000)),
})

/** Whole seconds. */
const retryAfter = ({ resetInMs }: Verdict): string => String(Math.max(1, Math.ceil(resetInMs / 1000)))

function recordExcess(ctx: RequestContext, { route, perMinute }: Limited): void {
  ctx.metrics.count('ratelimit_rejected_total', { route })
  ctx.audit.recordRepeatable(ctx, {
    event: 'RATE_LIMIT_EXCEEDED',
    action: 'Rate limit exceeded',
    severity: 'WARNING',
    success: false,
    errorMessage: 'Too many requests',
    details: { endpoint: ctx.request.path, requests_per_minute: perMinute, reason: route },
  })
}

function refusal(ctx: RequestContext, request: Request, headers: Record<string, string>): Response {
  if (acceptsPages(request)) return errorPageAnswer(ctx, new PageError(429, (t) => t.errors.rateLimit, headers))
  return new Response(JSON.stringify({ error: 'rate_limit_exceeded', error_description: TOO_MANY }), {
    status: 429,
    headers: {
      ...dataHeaders(ctx.settings),
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...headers,
    },
  })
}
