/** Runs at build time: renders the documentation, so that the program needs neither its files nor the renderer. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RenderedPage, renderMarkdown } from './render'
import { SLUGS } from './slugs'

const COPY = { en: 'Copy', 'zh-TW': '複製' } as const

/** By slug. Pages without a file are left out. */
export function loadPages(language: keyof typeof COPY): Record<string, RenderedPage> {
  const pages: Record<string, RenderedPage> = {}
  for (const slug of SLUGS) {
    const file = join(import.meta.dir, 'pages', language, `${slug}.md`)
    if (existsSync(file)) pages[slug] = renderMarkdown(readFileSync(file, 'utf8'), COPY[language])
  }
  return pages
}
