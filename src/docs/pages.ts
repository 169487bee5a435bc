/** What the documentation says, by language and page. A page that is not translated is shown in English. */
import type { Language } from '../../views/messages'
import type { Settings } from '../config/settings'
import { loadPages } from './pages.macro' with { type: 'macro' }
import type { RenderedPage } from './render'
import { SLUGS, type Slug } from './slugs'

const english: Record<string, RenderedPage> = loadPages('en')
const chinese: Record<string, RenderedPage> = loadPages('zh-TW')

export interface DocumentationPage extends RenderedPage {
  /** Of the text, which may not be that of the page around it. */
  readonly language: Language
}

export const availableSlugs: readonly Slug[] = SLUGS.filter((slug) => english[slug] || chinese[slug])

export function documentationPage(language: Language, slug: Slug): DocumentationPage | undefined {
  const own = (language === 'zh-TW' ? chinese : english)[slug]
  if (own) return { ...own, language }
  const other = english[slug]
  return other && { ...other, language: 'en' }
}

/** The pages name this server by `https://auth.example.com`; readers get its real address. */
export const withOwnAddress = (html: string, { BASE_URL }: Pick<Settings, 'BASE_URL'>): string =>
  html.replaceAll('https://auth.example.com', Bun.escapeHTML(BASE_URL.replace(/\/+$/, '')))
