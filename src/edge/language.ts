/**
 * The language of a page: what the signed-in person has set, else what was chosen in this browser, else what the browser
 * prefers (RFC 9110 §12.5.4), else English.
 */
import { isLanguage, LANGUAGES, type Language, type Messages, messagesOf } from '../../views/messages'
import type { RequestContext } from '../context'
import type { BrowserSession } from '../identity/sessions'
import { readCookie } from './cookies'

/** Written by the language switch of every page. */
export const LANGUAGE_COOKIE = 'lang'
/** Written by the pages of the documentation. */
export const DOCS_LANGUAGE_COOKIE = 'docs_lang'

export function languageOf(
  { request }: Pick<RequestContext, 'request'>,
  session?: BrowserSession,
  uiLocales?: string,
): Language {
  const set = session?.user.language
  return isLanguage(set) ? set : (request.language?.(uiLocales) ?? 'en')
}

/** For texts that are not part of a view: messages for the next page, what is wrong with a form. */
export const messagesFor = (ctx: Pick<RequestContext, 'request'>, session?: BrowserSession): Messages =>
  messagesOf(languageOf(ctx, session))

/** What this browser asks for, whoever is signed in. `uiLocales` are language tags between blanks, the best first. */
export function browserLanguage(request: Request, uiLocales = ''): Language {
  for (const name of [LANGUAGE_COOKIE, DOCS_LANGUAGE_COOKIE]) {
    const chosen = readCookie(request, name)
    if (isLanguage(chosen)) return chosen
  }
  const asked = uiLocales.slice(0, LONGEST_LIST).split(' ').map(languageOfTag).find(Boolean)
  return asked ?? preferredLanguage(request.headers.get('accept-language') ?? '') ?? 'en'
}

const LONGEST_LIST = 1000

/** The first of the most wanted languages that there is; `undefined` when none of them is there. */
export function preferredLanguage(acceptLanguage: string): Language | undefined {
  let best: { language: Language; quality: number } | undefined
  for (const range of acceptLanguage.slice(0, LONGEST_LIST).split(',')) {
    const [tag = '', ...parameters] = range.split(';')
    const language = languageOfTag(tag.trim())
    const quality = qualityOf(parameters)
    if (language && quality > (best?.quality ?? 0)) best = { language, quality }
  }
  return best?.language
}

function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.map((parameter) => /^\s*q\s*=\s*([\d.]+)\s*$/i.exec(parameter)?.[1]).find(Boolean)
  const quality = weight === undefined ? 1 : Number(weight)
  return quality >= 0 && quality <= 1 ? quality : 0
}

const TRADITIONAL = /^zh(-hant(-.+)?|-tw|-hk|-mo)?$/

/** Readers of Simplified Chinese are not given the other script. */
export function languageOfTag(tag: string): Language | undefined {
  const name = tag.toLowerCase().replaceAll('_', '-')
  if (TRADITIONAL.test(name)) return 'zh-TW'
  if (name === 'en' || name.startsWith('en-')) return 'en'
  return LANGUAGES.find((language) => language.toLowerCase() === name)
}
