/** The catalogue of events: complete, explained in every language, and written by the program. */
import { describe, expect, test } from 'bun:test'
import { Glob } from 'bun'
import { EVENT_TYPES, EVENTS } from '../../src/audit/events'
import { LANGUAGES, messagesOf } from '../../views/messages'

/** Lists of events: naming one there writes nothing. */
const LISTS = new Set(['src/audit/events.ts', 'src/activity/series.ts'])

const sources = [...new Glob('src/**/*.ts').scanSync('.')].filter((file) => !LISTS.has(file))
const program = (await Promise.all(sources.map((file) => Bun.file(file).text()))).join('\n')

describe('the catalogue of events', () => {
  test.each(EVENT_TYPES)('%s is written by some code', (type) => {
    // As a value: a comment or a comparison is none.
    const named = [...program.matchAll(new RegExp(`.*'${type}'.*`, 'g'))].map(([line]) => line.trim())
    const written = named.filter((line) => !/^(\*|\/\/)|[!=]==? '/.test(line))
    expect([type, written.length > 0]).toEqual([type, true])
  })

  test.each([...LANGUAGES])('in %s every event and every group has its text, and there are no others', (language) => {
    const { types, groups } = messagesOf(language).audit
    expect(Object.keys(types).sort()).toEqual([...EVENT_TYPES].sort())
    expect(Object.keys(groups).sort()).toEqual([...new Set(Object.values(EVENTS).map(({ group }) => group))].sort())
    const labels = Object.values(types).map(({ label }) => label)
    expect(new Set(labels).size).toBe(labels.length)
  })

  test('names fit their column of every consumer, and what is dangerous is not INFO', () => {
    for (const type of EVENT_TYPES) expect(type).toMatch(/^[A-Z][A-Z_]{2,49}$/)
    const loud = EVENT_TYPES.filter((type) => EVENTS[type].severity === 'CRITICAL')
    expect(loud).toEqual(['CLIENT_TOKENS_REVOKED_ALL', 'SUSPICIOUS_ACTIVITY'])
  })
})
