/**
 * Every text of the pages, by language.
 *
 * One file per area and language; the English file fixes the shape, so a text without translation does not compile.
 * Texts are plain strings, or functions where they have parameters; a function may also join markup (`Child`).
 */
import * as en from './en'
import * as zhTW from './zh-TW'

/** Language tags (BCP 47), the default first. */
export const LANGUAGES = ['en', 'zh-TW'] as const

export type Language = (typeof LANGUAGES)[number]

export type Messages = typeof en

const CATALOGUES: Readonly<Record<Language, Messages>> = { en, 'zh-TW': zhTW }

export const messagesOf = (language: Language): Messages => CATALOGUES[language]

export const isLanguage = (text: string | null | undefined): text is Language =>
  LANGUAGES.some((language) => language === text)
