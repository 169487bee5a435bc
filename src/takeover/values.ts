/**
 * Reads values of an AuthGate 0.x database, whatever they were stored as.
 *
 * SQLite keeps times as text in the local offset of the server that wrote them, booleans as numbers and JSON as blobs;
 * rows that were edited by hand may hold anything.
 */

const decoder = new TextDecoder()

/** Well-formed and without NUL, which PostgreSQL cannot store; NULL is the empty text. */
export function readText(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = value instanceof Uint8Array ? decoder.decode(value) : String(value)
  return text.toWellFormed().replaceAll('\u0000', '\ufffd')
}

/** Without blanks around it; undefined when nothing is left. */
export const readName = (value: unknown): string | undefined => readText(value).trim() || undefined

const TRUE = new Set(['1', 'true', 't'])
const FALSE = new Set(['0', 'false', 'f'])

/** Undefined when it is neither. */
export function readFlag(value: unknown): boolean | undefined {
  const word = readText(value).trim().toLowerCase()
  if (TRUE.has(word)) return true
  return FALSE.has(word) ? false : undefined
}

const TIME =
  /^(\d{4,6})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?(?:\s+[A-Z][A-Z0-9+-]*)?(?:\s+m=\S+)?$/i

const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
/** Numbers below are seconds since the epoch, others milliseconds. */
const MILLISECONDS_FROM = 100_000_000_000

export type ReadTime = { readonly at: Date } | 'unset' | 'unreadable'

/** Year 1 means that a time was never set. Milliseconds are kept, finer fractions cut; without an offset it is UTC. */
export function readTime(value: unknown): ReadTime {
  if (value === null || value === undefined || value === '' || value === '-infinity') return 'unset'
  if (typeof value === 'number' || typeof value === 'bigint') return ofNumber(Number(value))
  const text = readText(value).trim()
  if (text === 'infinity') return { at: new Date(LAST) }
  const match = TIME.exec(text)
  if (!match) return 'unreadable'
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match
  // The zero time in a zone west of Greenwich is in the year before.
  if (Number(year) <= 1) return 'unset'
  if (Number(year) > 9999) return { at: new Date(LAST) }
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  if (new Date(local).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return 'unreadable'
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  return { at: new Date(Math.min(local + milliseconds - offsetOf(zone), LAST)) }
}

function ofNumber(value: number): ReadTime {
  if (!Number.isFinite(value) || value <= 0) return 'unset'
  return { at: new Date(Math.min(value < MILLISECONDS_FROM ? value * 1000 : value, LAST)) }
}

function offsetOf(zone: string): number {
  const [, sign, hours, minutes = '0', seconds = '0'] = /^([+-])(\d\d):?(\d\d)?:?(\d\d)?$/.exec(zone) ?? []
  const milliseconds = ((Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -milliseconds : milliseconds
}

/** NULL is `null`; undefined when it is no JSON. */
export function readJson(value: unknown): unknown {
  if (value === null || value === undefined) return null
  // PostgreSQL's answer is parsed already.
  if (typeof value === 'object' && !(value instanceof Uint8Array)) return storable(value)
  const text = readText(value)
  if (text.trim() === '') return null
  try {
    return storable(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Texts at any depth as `readText` leaves them. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return readText(value)
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [readText(name), storable(inner)]))
}

/** Names separated by single blanks, each once. */
export const readNames = (value: unknown): string =>
  [
    ...new Set(
      readText(value)
        .split(/\s+/)
        .filter((name) => name !== ''),
    ),
  ].join(' ')
