/** What a look at one part of a deployment found. */

export type Level = 'ok' | 'warn' | 'fail'

export interface Finding {
  /** The part, such as `database`. */
  readonly part: string
  readonly level: Level
  /** One line without anything secret. */
  readonly text: string
  /** What to do; not of what is fine. */
  readonly remedy?: string
}

export const ok = (part: string, text: string): Finding => ({ part, level: 'ok', text })
export const warn = (part: string, text: string, remedy: string): Finding => ({ part, level: 'warn', text, remedy })
export const fail = (part: string, text: string, remedy: string): Finding => ({ part, level: 'fail', text, remedy })
