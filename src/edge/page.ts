/** Answers of pages: HTML, and redirects between pages. */
import type { PageFrame } from '../../views/frame'
import { messagesOf } from '../../views/messages'
import type { RequestContext } from '../context'
import type { BrowserSession } from '../identity/sessions'
import { version } from '../version'
import { languageOf } from './language'
import { pageAddress } from './page-address'
import type { RequestInfo } from './request-info'

export interface FrameOptions {
  /** Where the page is found again by GET, below BASE_URL: for pages that answer a form. */
  readonly here?: string | undefined
  /** Languages that an application asks for (OIDC Core §3.1.2.1). */
  readonly uiLocales?: string | undefined
}

export function pageFrame(ctx: RequestContext, session?: BrowserSession, options: FrameOptions = {}): PageFrame {
  const { settings, request } = ctx
  const language = languageOf(ctx, session, options.uiLocales)
  const user = session && {
    name: session.user.fullName || session.user.username,
    username: session.user.username,
    isAdmin: session.user.role === 'admin',
  }
  return {
    basePath: settings.basePath,
    productName: settings.PRODUCT_NAME,
    logoUrl: settings.PRODUCT_LOGO_URL,
    accent: settings.PRODUCT_ACCENT,
    version,
    language,
    t: messagesOf(language),
    path: request.path,
    here: pageAddress(settings, options.here ?? ownAddress(request)),
    user,
    ...(showsApiBrowser(settings, user) && { apiBrowser: true }),
    ...(request.waitingReviews && { waitingReviews: request.waitingReviews }),
    csrfToken: session?.csrfToken ?? request.csrfToken ?? '',
    requestId: request.id,
    flash: session?.flash ?? [],
  }
}

/** In production only administrators see it. */
const showsApiBrowser = (settings: RequestContext['settings'], user: PageFrame['user']): boolean =>
  settings.ENABLE_SWAGGER && (!settings.production || user?.isAdmin === true)

/** Only what is fetched can be fetched again. */
const ownAddress = ({ method, path, search = '' }: RequestInfo): string | undefined =>
  method === 'GET' || method === 'HEAD' ? path + search : undefined

export interface PageOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** `Set-Cookie` values. */
  readonly cookies?: readonly string[]
  /** Origins, or schemes with colon, besides this server that the page's form may lead to. */
  readonly formAction?: readonly string[]
}

/** A page. Pages depend on the session, so nothing between server and browser may keep them. */
export function page(html: { toString(): string }, options: PageOptions = {}): Response {
  const { status = 200, cookies = [], formAction = [] } = options
  const headers = new Headers({
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    Vary: 'Accept-Language, Cookie',
    // The rest of the policy is the same for all pages; the handler adds it.
    'Content-Security-Policy': ["form-action 'self'", ...formAction].join(' '),
    ...options.headers,
  })
  for (const cookie of cookies) headers.append('Set-Cookie', cookie)
  return new Response(String(html), { status, headers })
}

export interface RedirectOptions {
  /** Default 302. After a form, 303 makes every browser go on with GET. */
  readonly status?: 302 | 303
  readonly cookies?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** `//host`, and what browsers read as that (backslashes, tabs in between), would be another host's address. */
const OWN_PATH = /^\/(?![/\\])[\u0021-\u007e]*$/

/** Leads to a path of this server, given without the prefix of `BASE_URL`. */
export function redirectTo(
  ctx: Pick<RequestContext, 'settings'>,
  path: string,
  options: RedirectOptions = {},
): Response {
  const { status = 302, cookies = [] } = options
  const local = OWN_PATH.test(path) ? path : '/'
  const headers = new Headers({
    Location: ctx.settings.basePath + local,
    'Cache-Control': 'no-store',
    Vary: 'Cookie',
    ...options.headers,
  })
  for (const cookie of cookies) headers.append('Set-Cookie', cookie)
  return new Response(null, { status, headers })
}
