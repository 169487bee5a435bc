/**
 * Log lines on standard output: text for people, JSON for collectors, times in UTC (RFC 3339).
 *
 * Ordinary lines wait a moment and are written together, which keeps one system call per request off the event loop;
 * warnings and errors are written at once, with everything that waited before them. Of one that repeats, as each request
 * does while the database is away, the first few of a minute are written and the rest is counted.
 */
import { writeSync } from 'node:fs'
import type { Settings } from './config/settings'
import type { Logger } from './context'
import { createSampler } from './log-sampler'

export interface BufferedLogger extends Logger {
  /** Writes what waits. To be called before the process ends. */
  flush(): void
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]
type Fields = Readonly<Record<string, unknown>>

const FLUSH_MS = 100
const FLUSH_CHARACTERS = 32_768

/** `write` gets whole lines with their line ends; default standard output. `always` is part of every line. */
export function createLogger(
  settings: Pick<Settings, 'LOG_FORMAT' | 'LOG_LEVEL' | 'production'>,
  write: (lines: string) => void = writeToStandardOutput(),
  always: Fields = {},
): BufferedLogger {
  const format = settings.LOG_FORMAT || (settings.production ? 'json' : 'text')
  const line = format === 'json' ? jsonLine : textLine
  const tail = Object.entries(always)
    .map(([name, value]) =>
      format === 'json' ? `,${encoded(name)}:${encoded(value)}` : ` ${name}=${textValue(value)}`,
    )
    .join('')
  const lowest = LEVELS.indexOf(settings.LOG_LEVEL)
  const timestamp = createTimestamp()
  let waiting = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const sampler = createSampler((level, fields, message) => {
    waiting += line(timestamp(), level, message, fields, tail)
    write(takeWaiting())
  })

  const takeWaiting = (): string => {
    const lines = waiting
    waiting = ''
    return lines
  }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting !== '') write(takeWaiting())
  }

  const logAt = (level: Level) => {
    if (LEVELS.indexOf(level) < lowest) return () => {}
    const urgent = level === 'warn' || level === 'error'
    return (fields: Fields, message: string) => {
      if (urgent && !sampler.admits(level, fields, message)) return
      waiting += line(timestamp(), level, message, fields, tail)
      if (urgent || waiting.length > FLUSH_CHARACTERS) flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    }
  }
  return {
    debug: logAt('debug'),
    info: logAt('info'),
    warn: logAt('warn'),
    error: logAt('error'),
    flush: () => {
      sampler.report()
      flush()
    },
  }
}

/** Many lines fall into one millisecond. */
function createTimestamp(): () => string {
  let at = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) {
      at = now
      text = new Date(now).toISOString()
    }
    return text
  }
}

/** Control and direction characters could rewrite a terminal or forge a line; JSON leaves some of them as they are. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const escaped = (text: string): string =>
  text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Printable ASCII without quotes and backslashes: most values, and no work. */
const SIMPLE = /^[ !#-[\]-~]*$/

/** As JSON. Errors become their name and code: messages of drivers and parsers quote what they were given. */
function encoded(value: unknown): string {
  if (Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && SIMPLE.test(value)) return `"${value}"`
  return escaped(JSON.stringify(value instanceof Error ? errorText(value) : value) ?? 'null')
}

function jsonLine(time: string, level: Level, message: string, fields: Fields, tail: string): string {
  let line = `{"time":"${time}","level":"${level}","message":${encoded(message)}`
  for (const name in fields) {
    // No field can take the place of what says when and what.
    if (fields[name] === undefined || name === 'time' || name === 'level' || name === 'message') continue
    line += `,${encoded(name)}:${encoded(fields[name])}`
  }
  return `${line}${tail}}\n`
}

function textLine(time: string, level: Level, message: string, fields: Fields, tail: string): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${escaped(message)}`
  for (const name in fields) if (fields[name] !== undefined) line += ` ${name}=${textValue(fields[name])}`
  return `${line}${tail}\n`
}

const PLAIN = /^[\w.:/@,+*()[\]-]+$/
const textValue = (value: unknown): string => (typeof value === 'string' && PLAIN.test(value) ? value : encoded(value))

/** What may be said of any error: its name and, where it has one, its code. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  return code === undefined ? error.name : `${error.name} ${String(code).slice(0, 60)}`
}

/** A slow reader is waited for, within reason; a reader that went away is not missed. */
const WAITING_LIMIT = 4_000_000

/** What is written at once to a pipe that several processes write to stays together up to so many bytes (POSIX PIPE_BUF). */
const PIPE_BYTES = 4_096

/** Standard output that other processes write to as well: whole lines at a time. */
export const sharedOutput = (): ((lines: string) => void) => writeToStandardOutput(PIPE_BYTES)

/** As many whole lines as fit, at least one. */
function piece(lines: Uint8Array, most: number): Uint8Array {
  if (lines.length <= most) return lines
  const end = lines.lastIndexOf(LINE_END, most - 1)
  return lines.subarray(0, (end === -1 ? lines.indexOf(LINE_END) : end) + 1 || lines.length)
}

const LINE_END = 10

function writeToStandardOutput(most = Number.POSITIVE_INFINITY): (lines: string) => void {
  let backlog: Uint8Array = new Uint8Array()
  const write = (lines: string) => {
    backlog = Buffer.concat([backlog, Buffer.from(lines)])
    try {
      while (backlog.length > 0) backlog = backlog.subarray(writeSync(1, piece(backlog, most)))
    } catch (error) {
      const blocked = (error as { code?: string }).code === 'EAGAIN'
      if (blocked && backlog.length < WAITING_LIMIT) setTimeout(write, FLUSH_MS, '')
      else backlog = new Uint8Array()
    }
  }
  return write
}
