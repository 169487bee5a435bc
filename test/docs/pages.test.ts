/** The documentation: its addresses, its languages, and that it speaks of what this server has. */
import { describe, expect, test } from 'bun:test'
import { documentedSettings } from '../../src/config/describe'
import { availableSlugs, documentationPage } from '../../src/docs/pages'
import { openTestApp } from '../support/app'

const LANGUAGES = ['en', 'zh-TW'] as const

describe('addresses of the documentation', async () => {
  const app = await openTestApp()
  const open = (path: string, headers: Record<string, string> = {}) => app.get(path, { headers })

  test.each([
    ['/docs', { 'accept-language': 'zh-TW,zh;q=0.9' }, 302, '/docs/zh-TW/getting-started'],
    ['/docs', { 'accept-language': 'zh-TW', cookie: 'docs_lang=en' }, 302, '/docs/en/getting-started'],
    ['/docs', { 'accept-language': 'fr' }, 302, '/docs/en/getting-started'],
    ['/docs', { 'accept-language': 'zh-TW;q=0.1,en;q=0.9' }, 302, '/docs/en/getting-started'],
    ['/docs/zh-tw/auth-code-flow', {}, 301, '/docs/zh-TW/auth-code-flow'],
    ['/docs/EN/auth-code-flow', {}, 301, '/docs/en/auth-code-flow'],
    ['/docs/zh/auth-code-flow', {}, 302, '/docs'],
    ['/docs/ja-JP/auth-code-flow', {}, 302, '/docs'],
    ['/docs/zh', {}, 302, '/docs/zh-TW/getting-started'],
    ['/docs/auth-code-flow', { cookie: 'docs_lang=zh-TW' }, 302, '/docs/zh-TW/auth-code-flow'],
    ['/docs/zh-TW/bogus', {}, 302, '/docs/zh-TW/getting-started'],
    ['/docs/bogus', {}, 302, '/docs'],
    ['/docs/zh-tw/%2F%2Fevil.example', {}, 301, '/docs/zh-TW/%2F%2Fevil.example'],
  ] as [string, Record<string, string>, number, string][])('%s %j', async (path, headers, status, location) => {
    const answer = await open(path, headers)
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location])
  })

  test('the language that was read is kept, and the cookie set once', async () => {
    const first = await open('/docs/zh-TW/getting-started')
    expect(first.status).toBe(200)
    expect(first.headers.get('set-cookie')).toStartWith('docs_lang=zh-TW; Path=/; HttpOnly; SameSite=Lax')
    const second = await open('/docs/zh-TW/getting-started', { cookie: 'docs_lang=zh-TW' })
    expect(second.headers.get('set-cookie')).toBeNull()
  })

  test('every page in both languages names itself, its other language, and this server', async () => {
    for (const language of LANGUAGES)
      for (const slug of availableSlugs) {
        const html = await (await open(`/docs/${language}/${slug}`)).text()
        expect(html).toContain(`<html lang="${language}"`)
        expect(html).toContain(`rel="canonical" href="http://localhost:8080/docs/${language}/${slug}"`)
        for (const other of LANGUAGES)
          expect(html).toContain(`hreflang="${other}" href="http://localhost:8080/docs/${other}/${slug}"`)
        expect(html).not.toContain('auth.example.com')
        expect(html).toContain('aria-current="page"')
      }
  })

  test('every variable that has an effect is on the page about configuration', async () => {
    const html = await (await open('/docs/en/configuration')).text()
    for (const { rows } of documentedSettings())
      for (const { name } of rows) expect(html).toContain(`<code>${name}</code>`)
  })
})

describe('texts of the documentation', () => {
  const page = (language: 'en' | 'zh-TW', slug: (typeof availableSlugs)[number]) => {
    const found = documentationPage(language, slug)
    if (!found) throw new Error(`no page ${slug}`)
    return found
  }

  test.each([...availableSlugs])('%s has the same structure in both languages', (slug) => {
    const depths = LANGUAGES.map((language) => page(language, slug).headings.map(({ depth }) => depth))
    expect(depths[1]).toEqual(depths[0] as number[])
    expect(page('zh-TW', slug).language).toBe('zh-TW')
    const examples = LANGUAGES.map((language) => page(language, slug).html.match(/<pre/g)?.length)
    expect(examples[1]).toBe(examples[0])
  })

  test.each([...availableSlugs])('%s links to pages and headings that exist', (slug) => {
    for (const language of LANGUAGES) {
      const { html, headings } = page(language, slug)
      const ids = headings.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const [, href = ''] of html.matchAll(/<a href="([^"]+)"/g)) {
        if (href.startsWith('http')) continue
        const [target = '', fragment] = href.split('#')
        if (target !== '') expect(availableSlugs as readonly string[]).toContain(target)
        const there = target === '' ? ids : page(language, target as 'oidc').headings.map(({ id }) => id)
        if (fragment !== undefined) expect(there).toContain(decodeURIComponent(fragment))
      }
    }
  })

  test('endpoints in examples exist', async () => {
    const app = await openTestApp({ settings: { ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' } })
    const seen = new Set<string>()
    for (const slug of availableSlugs)
      for (const [, path = ''] of page('en', slug).html.matchAll(/https:\/\/auth\.example\.com(\/[a-z_/.-]+)/g))
        seen.add(path)
    expect(seen.size).toBeGreaterThan(3)
    for (const path of seen) expect([path, (await app.get(path)).status]).not.toEqual([path, 404])
  })
})
