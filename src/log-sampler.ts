/** Warnings and errors that repeat: the first few of a minute are written, the others are counted and told of in one line. */

export type UrgentLevel = 'warn' | 'error'
type Fields = Readonly<Record<string, unknown>>

export interface LogSampler {
  /** Whether this line is to be written. */
  admits(level: UrgentLevel, fields: Fields, message: string): boolean
  /** Tells at once what was left out so far. */
  report(): void
}

interface Series {
  readonly level: UrgentLevel
  readonly message: string
  readonly fields: Fields
  written: number
  leftOut: number
}

const WINDOW_MS = 60_000
const WRITTEN_PER_WINDOW = 10
/** More kinds of lines than a server has; what comes after them in a minute is written. */
const SERIES_LIMIT = 500
/** What makes two lines with one message different. */
const KIND = ['error', 'code', 'job', 'reason'] as const

const kindOf = (fields: Fields): Fields =>
  Object.fromEntries(KIND.filter((name) => typeof fields[name] === 'string').map((name) => [name, fields[name]]))

/** `write` gets the summaries. */
export function createSampler(write: (level: UrgentLevel, fields: Fields, message: string) => void): LogSampler {
  const series = new Map<string, Series>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const report = () => {
    clearTimeout(timer)
    timer = undefined
    const ended = [...series.values()]
    series.clear()
    for (const { level, message, fields, leftOut } of ended)
      if (leftOut > 0) write(level, { ...fields, repeated: leftOut }, message)
  }

  return {
    admits: (level, fields, message) => {
      const kind = kindOf(fields)
      const key = `${level} ${message} ${Object.values(kind).join(' ')}`
      let found = series.get(key)
      if (!found) {
        if (series.size >= SERIES_LIMIT) return true
        found = { level, message, fields: kind, written: 0, leftOut: 0 }
        series.set(key, found)
        timer ??= setTimeout(report, WINDOW_MS).unref()
      }
      if (found.written < WRITTEN_PER_WINDOW) {
        found.written += 1
        return true
      }
      found.leftOut += 1
      return false
    },
    report,
  }
}
