/** What one row of the settings table says, and the words to write it with. */

interface Common<T> {
  readonly default: T
  /** One line for `.env.example`, `authgate check` and the documentation. */
  readonly doc: string
  /** Never printed; may also come from a file named by `<NAME>_FILE`. */
  readonly secret?: boolean
}

export interface StringSetting extends Common<string> {
  readonly type: 'string'
  readonly trim?: boolean
}
export interface EnumSetting<V extends string = string> extends Common<V> {
  readonly type: 'enum'
  /** An empty text among them stands for "not set" and is not offered. */
  readonly values: readonly V[]
  readonly ignoreCase?: boolean
}
export interface BooleanSetting extends Common<boolean> {
  readonly type: 'boolean'
}
export interface IntegerSetting extends Common<number> {
  readonly type: 'integer'
  readonly min?: number
  readonly max?: number
  /** Also accepts a duration with unit, converted to whole seconds. */
  readonly seconds?: boolean
  /** What the word `auto` stands for. */
  auto?(): number
}
export interface DurationSetting extends Common<number> {
  readonly type: 'duration'
}
export interface ListSetting extends Common<readonly string[]> {
  readonly type: 'list'
}

export type Setting = StringSetting | EnumSetting | BooleanSetting | IntegerSetting | DurationSetting | ListSetting

export type ValueOf<S> =
  S extends EnumSetting<infer V>
    ? V
    : S extends StringSetting
      ? string
      : S extends BooleanSetting
        ? boolean
        : S extends IntegerSetting | DurationSetting
          ? number
          : S extends ListSetting
            ? readonly string[]
            : never

type Options<S extends Setting> = Omit<S, 'type' | 'default' | 'doc' | 'values'>

export const text = (fallback: string, doc: string, options: Options<StringSetting> = {}): StringSetting => ({
  type: 'string',
  default: fallback,
  doc,
  ...options,
})

export const secret = (doc: string, options: Options<StringSetting> = {}): StringSetting =>
  text('', doc, { secret: true, ...options })

export const oneOf = <const V extends string>(
  values: readonly V[],
  fallback: NoInfer<V>,
  doc: string,
  options: Omit<EnumSetting<V>, 'type' | 'default' | 'doc' | 'values'> = {},
): EnumSetting<V> => ({ type: 'enum', values, default: fallback, doc, ...options })

export const flag = (fallback: boolean, doc: string, options: Options<BooleanSetting> = {}): BooleanSetting => ({
  type: 'boolean',
  default: fallback,
  doc,
  ...options,
})

export const integer = (fallback: number, doc: string, options: Options<IntegerSetting> = {}): IntegerSetting => ({
  type: 'integer',
  default: fallback,
  doc,
  ...options,
})

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `fallback` as written in the documentation, such as `90m`. */
export const duration = (
  fallback: `${number}${keyof typeof UNIT_MS}`,
  doc: string,
  options: Options<DurationSetting> = {},
): DurationSetting => {
  const [, amount, unit] = /^(\d+)(ms|s|m|h)$/.exec(fallback) as unknown as [string, string, keyof typeof UNIT_MS]
  return { type: 'duration', default: Number(amount) * UNIT_MS[unit], doc, ...options }
}

export const list = (fallback: readonly string[], doc: string, options: Options<ListSetting> = {}): ListSetting => ({
  type: 'list',
  default: fallback,
  doc,
  ...options,
})
