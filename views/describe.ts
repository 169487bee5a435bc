/** Words for things that arrive as identifiers: scopes and user agents. */

import type { Messages } from './messages'

export interface ScopeView {
  readonly name: string
  /** What an application with it may do, as the end of "It will be able to …". */
  readonly text: string
  readonly group: 'identity' | 'reading' | 'changing' | 'staying' | 'other'
}

type KnownScope = keyof Messages['things']['scopes']

const KNOWN_SCOPES: Readonly<Record<KnownScope, ScopeView['group']>> = {
  openid: 'identity',
  profile: 'identity',
  email: 'identity',
  groups: 'identity',
  read: 'reading',
  write: 'changing',
  offline_access: 'staying',
}

const isKnownScope = (name: string): name is KnownScope => Object.hasOwn(KNOWN_SCOPES, name)

const READING = /^(?:read|view|list|get)[:._-](.+)$|^(.+)[:._-](?:read|readonly|view|list|get)$/
const CHANGING =
  /^(?:write|create|update|delete|manage|admin)[:._-](.+)$|^(.+)[:._-](?:write|create|update|delete|manage|admin)$/

/** Scopes with a name of the application's own are read by their form (`repo:read`); the rest is shown as it is. */
export function scopeView({ things }: Messages, name: string): ScopeView {
  if (isKnownScope(name)) return { name, text: things.scopes[name], group: KNOWN_SCOPES[name] }
  const read = READING.exec(name)
  if (read) return { name, text: things.readScope(read[1] ?? read[2] ?? '', name), group: 'reading' }
  const change = CHANGING.exec(name)
  if (change) return { name, text: things.changeScope(change[1] ?? change[2] ?? '', name), group: 'changing' }
  return { name, text: things.otherScope(name), group: 'other' }
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Headless)?(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/i, 'Android'],
  [/\bWindows\b/i, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac ?OS\b|\bMacintosh\b|\bdarwin\b/i, 'macOS'],
  [/\bLinux\b/i, 'Linux'],
]

const firstMatch = (rules: readonly (readonly [RegExp, string])[], text: string): string | undefined =>
  rules.find(([pattern]) => pattern.test(text))?.[1]

/**
 * `Firefox on Windows`, `curl`, `my-cli on Linux`; `Unknown device` when the header says nothing. A user agent is what
 * the sender claims to be: a help to recognise one's own devices, no proof.
 */
export function deviceName({ things }: Messages, userAgent: string): string {
  const system = firstMatch(SYSTEMS, userAgent)
  const program = firstMatch(BROWSERS, userAgent) ?? /^([A-Za-z][\w.-]{0,39})(?:\/|\s|$)/.exec(userAgent)?.[1]
  const name = program === 'Mozilla' ? undefined : program
  if (name !== undefined && system !== undefined) return things.programOn(name, system)
  return name ?? system ?? things.unknownDevice
}
