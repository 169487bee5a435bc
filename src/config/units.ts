/** Reads one value by its type. A problem is a text that names the variable and says what was expected. */
import { parseDuration } from './duration'
import type { Setting } from './setting'

export type Reading = { readonly value: unknown } | { readonly problem: string }

const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y'])
const FALSE = new Set(['false', '0', 'no', 'off', 'f', 'n'])

/** `raw` is not empty: an empty text means the default. */
export function readSetting(name: string, setting: Setting, raw: string): Reading {
  const shown = setting.secret ? '' : ` "${raw.slice(0, 100)}"`
  const expected = (what: string): Reading => ({ problem: `invalid ${name} value:${shown} (expected ${what})` })
  switch (setting.type) {
    case 'string': {
      const value = setting.trim ? raw.trim() : raw
      return { value: value === '' ? setting.default : value }
    }
    case 'boolean': {
      const word = raw.trim().toLowerCase()
      if (TRUE.has(word)) return { value: true }
      if (FALSE.has(word)) return { value: false }
      return expected('true or false')
    }
    case 'integer': {
      const whole = raw.trim()
      if (/^[+-]?\d{1,15}$/.test(whole)) return { value: Number(whole) + 0 }
      if (setting.auto && whole.toLowerCase() === 'auto') return { value: setting.auto() }
      const milliseconds = setting.seconds ? parseDuration(whole) : undefined
      if (milliseconds !== undefined) return { value: wholeSeconds(milliseconds) }
      return expected(setting.seconds ? 'an integer of seconds, or a duration such as 30m' : 'an integer')
    }
    case 'duration': {
      const milliseconds = parseDuration(raw)
      if (milliseconds === undefined) return expected('a duration such as 30s, 15m, 10h; write days as hours')
      return { value: milliseconds }
    }
    case 'list': {
      const parts = raw
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
      return { value: parts.length === 0 ? setting.default : Object.freeze(parts) }
    }
    case 'enum': {
      const word = setting.ignoreCase ? raw.toLowerCase() : raw
      if (word !== '' && setting.values.includes(word)) return { value: word }
      const names = setting.values.filter((value) => value !== '').map((value) => `"${value}"`)
      const listed = names.length === 2 ? names.join(' or ') : `${names.slice(0, -1).join(', ')}, or ${names.at(-1)}`
      return { problem: `invalid ${name} value:${shown} (must be ${listed})` }
    }
  }
}

/** Away from zero: a part of a second must not become 0, which switches limits off. */
function wholeSeconds(milliseconds: number): number {
  const seconds = Math.ceil(Math.abs(milliseconds) / 1000)
  return milliseconds < 0 ? -seconds : seconds
}
