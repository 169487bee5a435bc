/** `/docs`: the documentation, in the language of its address. */
import { t } from 'elysia'
import { isLanguage, LANGUAGES, type Language, messagesOf } from '../../views/messages'
import { docsPage } from '../../views/pages/docs'
import { documentedSettings } from '../config/describe'
import type { Context, RequestContext } from '../context'
import { readCookie, setCookie } from '../edge/cookies'
import { DOCS_LANGUAGE_COOKIE, languageOfTag, preferredLanguage } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { pageSurface } from '../edge/surfaces/page'
import type { BrowserSession } from '../identity/sessions'
import { availableSlugs, documentationPage, withOwnAddress } from './pages'
import { FIRST_SLUG, isSlug } from './slugs'

const COOKIE_SECONDS = 365 * 86_400

export const documentationPages = (context: Context) =>
  pageSurface(context)
    .get('/docs', ({ ctx, request }) => redirectTo(ctx, addressOf(detected(request), FIRST_SLUG), VARIES), {
      response: t.Any(),
    })
    .get(
      '/docs/:page',
      ({ ctx, request, params }) => {
        const language = languageOfTag(params.page)
        if (language) return redirectTo(ctx, addressOf(language, FIRST_SLUG))
        const target = isSlug(params.page) ? addressOf(detected(request), params.page) : '/docs'
        return redirectTo(ctx, target, VARIES)
      },
      { params: t.Object({ page: t.String() }), response: t.Any() },
    )
    .get(
      '/docs/:page/:slug',
      ({ ctx, session, request, params }) => {
        const language = LANGUAGES.find((name) => name.toLowerCase() === params.page.toLowerCase())
        if (!language) return redirectTo(ctx, '/docs')
        if (language !== params.page) return moved(ctx, `/docs/${language}/${encodeURIComponent(params.slug)}`)
        return show(ctx, session, request, language, params.slug)
      },
      { params: t.Object({ page: t.String(), slug: t.String() }), response: t.Any() },
    )

const VARIES = { headers: { Vary: 'Accept-Language, Cookie' } }

const addressOf = (language: Language, slug: string): string => `/docs/${language}/${slug}`

/** What was read last, else what the browser prefers, else English. */
function detected(request: Request): Language {
  const read = readCookie(request, DOCS_LANGUAGE_COOKIE)
  return isLanguage(read) ? read : (preferredLanguage(request.headers.get('accept-language') ?? '') ?? 'en')
}

/** An address that differs only in the case of its language. */
function moved(ctx: RequestContext, path: string): Response {
  const { status: _, headers } = redirectTo(ctx, path)
  return new Response(null, { status: 301, headers })
}

function show(
  ctx: RequestContext,
  session: BrowserSession | undefined,
  request: Request,
  language: Language,
  slug: string,
): Response {
  const found = isSlug(slug) ? documentationPage(language, slug) : undefined
  if (!found || !isSlug(slug)) return redirectTo(ctx, addressOf(language, FIRST_SLUG))
  const frame = { ...pageFrame(ctx, session), language, t: messagesOf(language), here: undefined }
  const { settings } = ctx
  const html = docsPage(frame, {
    slug,
    text: { language: found.language, html: withOwnAddress(found.html, settings) },
    slugs: availableSlugs,
    ...(slug === 'configuration' && { settings: documentedSettings() }),
    languages: LANGUAGES.map((name) => ({ language: name, path: addressOf(name, slug) })),
    origin: settings.BASE_URL.replace(/\/+$/, ''),
  })
  const known = readCookie(request, DOCS_LANGUAGE_COOKIE) === language
  const cookie = setCookie(settings, DOCS_LANGUAGE_COOKIE, language, { maxAgeSeconds: COOKIE_SECONDS })
  return page(html, { cookies: known ? [] : [cookie] })
}
