/** The settings table as text: the effective configuration, and the sample file. */
import { formatDuration } from './duration'
import type { Configuration } from './load'
import type { Setting } from './setting'
import { type SettingName, settingsSections } from './settings'

/** One value as an operator would write it; secrets are only said to be set or not. */
function show(setting: Setting, value: unknown): string {
  if (setting.secret) return value === '' ? '(not set)' : '(set)'
  if (setting.type === 'duration') return formatDuration(value as number)
  if (setting.type === 'list') return (value as readonly string[]).join(',')
  // An address may carry user and password.
  return String(value).replace(/\/\/\S*@/, '//***@')
}

/** `10h` for `10h0m0s`: as one would write it. */
const shortened = (value: string): string => value.replace(/([hm])0s$/, '$1').replace(/h0m$/, 'h')

/** What is in effect, by section; values that were set explicitly are marked with `*`. */
export function describeConfiguration({ settings, given }: Configuration): string[] {
  const lines: string[] = []
  for (const [section, table] of Object.entries(settingsSections)) {
    lines.push('', section)
    for (const [name, setting] of Object.entries(table) as [SettingName, Setting][]) {
      const mark = given.has(name) ? '*' : ' '
      lines.push(`${mark} ${name}=${show(setting, settings[name])}`)
    }
  }
  return lines.slice(1)
}

export interface EffectiveSetting {
  /** As one would write it; of a secret only whether it is set. */
  readonly value: string
  /** Set explicitly. */
  readonly given: boolean
}

/** The same for programs. */
export function effectiveSettings({ settings, given }: Configuration): Record<string, EffectiveSetting> {
  const all = Object.values(settingsSections).flatMap((table) => Object.entries(table) as [SettingName, Setting][])
  return Object.fromEntries(
    all.map(([name, setting]) => [name, { value: show(setting, settings[name]), given: given.has(name) }]),
  )
}

export interface SettingRow {
  readonly name: string
  /** As one would write it; empty for "not set". */
  readonly standard: string
  readonly doc: string
  /** The variable that may name a file with it instead; only secrets have one. */
  readonly file?: string
}

/** The table as the documentation shows it. */
export const documentedSettings = (): { readonly section: string; readonly rows: readonly SettingRow[] }[] =>
  Object.entries(settingsSections).map(([section, table]) => ({
    section,
    rows: (Object.entries(table) as [SettingName, Setting][]).map(([name, setting]) => ({
      name,
      standard: setting.secret ? '' : shortened(show(setting, setting.default)),
      doc: setting.doc,
      ...(setting.secret && { file: `${name}_FILE` }),
    })),
  }))

/** The contents of `.env.example`. */
export function envExample(): string {
  const lines = [
    '# Settings of AuthGate. Copy to .env beside the program, or set them in the environment, which wins.',
    '# Every setting is shown with its default. Secrets may come from a file: <NAME>_FILE=/path/of/file',
    '# Durations: 30s, 15m, 10h. Lists: a,b,c.',
  ]
  for (const [section, table] of Object.entries(settingsSections)) {
    lines.push('', `# --- ${section} ---`)
    for (const [name, setting] of Object.entries(table) as [SettingName, Setting][]) {
      lines.push('', `# ${setting.doc}`)
      lines.push(`#${name}=${setting.secret ? '' : shortened(show(setting, setting.default))}`)
    }
  }
  return `${lines.join('\n')}\n`
}
