/** The catalogue: every text in every language, and none of it left in the other. */
import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Markup } from '../../views/html'
import { LANGUAGES, messagesOf } from '../../views/messages'

type Leaf = string | ((...parameters: unknown[]) => unknown)

/** Path and value of every text. */
function leaves(node: unknown, path = ''): [string, Leaf][] {
  if (typeof node === 'string' || typeof node === 'function') return [[path, node as Leaf]]
  if (Array.isArray(node) || typeof node !== 'object' || node === null) throw new Error(`${path} is no text`)
  return Object.entries(node).flatMap(([name, value]) => leaves(value, path === '' ? name : `${path}.${name}`))
}

const english = leaves(messagesOf('en'))
const translated = new Map(leaves(messagesOf('zh-TW')))

const WORDS = ['Aleph', 'Bet', 'Gimel', 'Dalet', 'He', 'Waw']
const COUNTS = [41, 42, 43, 44, 45, 46]

/** Texts that need no Chinese character: names, and words that are used as they are. */
const NAMES = new Set([
  ...['OAuth 2.0', 'OpenID Connect', 'GitHub', 'Gitea', 'GitLab', 'Microsoft', 'Microsoft Entra ID', 'SQLite'],
  ...['PostgreSQL', 'Redis', 'API', 'ID', 'IP', 'URI', 'URL', 'JSON', 'CSV', 'PKCE', 'curl', 'English'],
])
/** Signs and numbers, put together by functions. */
const isWordless = (text: string): boolean =>
  !/\p{L}/u.test(WORDS.reduce((rest, word) => rest.replaceAll(word, ''), text))
const needsChinese = (text: string): boolean => !NAMES.has(text.trim()) && !isWordless(text)

const textOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(textOf).join('')
  if (value instanceof Markup) return value.toString()
  if (typeof value === 'object' && value !== null) return Object.values(value).map(textOf).join('')
  return value === undefined || value === null || typeof value === 'boolean' ? '' : String(value)
}

/** Calls a text with parameters that can be found again: numbers are taken for counts, all others for words. */
function said(text: Leaf, parameters: readonly unknown[]): string {
  return typeof text === 'string' ? text : textOf(text(...parameters))
}

const HAN = /\p{Script=Han}/u

describe('message catalogue', () => {
  test('has the same texts in every language', () => {
    const paths = english.map(([path]) => path)
    expect(paths.length).toBeGreaterThan(150)
    for (const language of LANGUAGES)
      expect(
        leaves(messagesOf(language))
          .map(([path]) => path)
          .sort(),
      ).toEqual(paths.toSorted())
  })

  test('every file of an area is registered under its languages', () => {
    const files = (language: string) =>
      readdirSync(join(import.meta.dir, '../../views/messages', language))
        .filter((name) => name !== 'index.ts')
        .sort()
    expect(files('zh-TW')).toEqual(files('en'))
    expect(Object.keys(messagesOf('en')).length).toBe(files('en').length)
  })

  test.each(english)('%s is translated', (path, text) => {
    const other = translated.get(path)
    if (other === undefined) throw new Error('not translated')
    expect(typeof other).toBe(typeof text)
    if (typeof text === 'string' || typeof other === 'string') {
      expect(textOf(text).trim()).not.toBe('')
      expect(textOf(other).trim()).not.toBe('')
      if (needsChinese(textOf(other)) && !path.startsWith('layout.languageNames.')) {
        expect(other).not.toBe(text)
        expect(textOf(other)).toMatch(HAN)
      }
      return
    }
    expect(other.length).toBe(text.length)
    for (const parameters of [WORDS, COUNTS]) {
      const used = parameters.slice(0, text.length)
      const [en, zh] = [said(text, used), said(other, used)]
      // A parameter that shapes the English text without appearing in it, such as a yes or no, need not appear here.
      for (const parameter of used) {
        const shown = String(parameter)
        if (en.includes(shown)) expect(zh).toContain(shown)
      }
      expect(zh.trim()).not.toBe('')
      if (needsChinese(zh)) {
        expect(zh).not.toBe(en)
        expect(zh).toMatch(HAN)
      }
    }
    const [one, many] = [said(text, [1, 1, 1, 1]), said(text, COUNTS)]
    expect(one === '' || many === '').toBe(false)
  })

  test('Chinese is written with its own punctuation', () => {
    const wrong = [...translated].flatMap(([path, text]) => {
      const shown = said(text, WORDS)
      return /\p{Script=Han}[,:;?!](?!\/\/)/u.test(shown) ? [`${path}: ${shown}`] : []
    })
    expect(wrong).toEqual([])
  })
})
