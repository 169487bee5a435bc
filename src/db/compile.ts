/** Turns definitions into SQL text with parameter slots, once per database. */
import { is, Param, Placeholder } from 'drizzle-orm'
import type { Parameters, QueryBuilder } from './definitions'
import { inlineConstants } from './sqlite-constants'
import type { Tables } from './tables'

export interface Compiled {
  readonly name: string
  readonly sql: string
  /** Driver values in the order of the text's place-holders. */
  readonly bind: (parameters: Parameters) => unknown[]
}

interface Definition {
  readonly name: string
  readonly build: (q: QueryBuilder, t: Tables) => { toSQL(): { sql: string; params: unknown[] } }
}

/** Encodes values that stand in no column, such as the time a column is compared with. */
export interface PlainEncoder {
  mapToDriverValue(value: unknown): unknown
}

export const sqliteEncoder: PlainEncoder = {
  mapToDriverValue: (value) =>
    value instanceof Date ? value.getTime() : typeof value === 'boolean' ? Number(value) : value,
}

export const postgresEncoder: PlainEncoder = {
  mapToDriverValue: (value) => (value instanceof Date ? value.toISOString() : value),
}

/** Keeps null out of column encoders, which expect a value. */
function nullable(encoder: PlainEncoder): PlainEncoder {
  return { mapToDriverValue: (value) => (value === null ? null : encoder.mapToDriverValue(value)) }
}

/** Gives every bare parameter of a built statement the plain encoder of its database. */
export function encodeBareParameters(params: unknown[], encoder: PlainEncoder): void {
  for (const [index, slot] of params.entries()) {
    if (is(slot, Placeholder)) params[index] = new Param(slot, encoder)
    else if (is(slot, Param)) params[index] = new Param(slot.value, nullable(slot.encoder))
    else if (slot instanceof Date || typeof slot === 'boolean') params[index] = encoder.mapToDriverValue(slot)
  }
}

export function compile(definition: Definition, q: QueryBuilder, t: Tables, encoder: PlainEncoder): Compiled {
  const built = definition.build(q, t).toSQL()
  encodeBareParameters(built.params, encoder)
  const { sql, params } = encoder === sqliteEncoder ? withoutConstants(built) : built
  return { name: definition.name, sql, bind: binder(params) }
}

/** For SQLite, after `encodeBareParameters`. */
export const withoutConstants = ({ sql, params }: { sql: string; params: unknown[] }) =>
  inlineConstants(sql, params, (slot) => !is(slot, Param))

/** Looks at the slots once per statement, not once per call: a poll or a token check binds several times. */
export function binder(params: readonly unknown[]): Compiled['bind'] {
  const slots = params.map((slot) =>
    is(slot, Param) && is(slot.value, Placeholder)
      ? { name: slot.value.name, encoder: slot.encoder, constant: undefined }
      : { name: undefined, encoder: undefined, constant: slot },
  )
  return (parameters) =>
    slots.map(({ name, encoder, constant }) => {
      if (name === undefined) return constant
      if (!(name in parameters)) throw new Error(`the statement needs a parameter ${name}`)
      return encoder.mapToDriverValue(parameters[name])
    })
}
