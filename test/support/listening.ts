/** A database that writes down what it was asked, so that plans can be looked up afterwards. */
import { type SQL, sql } from 'drizzle-orm'
import { compile, postgresEncoder, sqliteEncoder } from '../../src/db/compile'
import type { Database } from '../../src/db/database'
import type { Query } from '../../src/db/definitions'

export interface Asked {
  readonly name: string
  readonly sql: string
  readonly params: readonly unknown[]
  readonly ms: number
}

interface Built {
  toSQL(): { sql: string; params: unknown[] }
}

export function listening(db: Database): { db: Database; asked: Asked[] } {
  const asked: Asked[] = []
  const wrap = (builder: object): unknown =>
    new Proxy(builder, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        return (...parameters: unknown[]) => {
          if (name === 'then') {
            // SQLite answers during the call, so the time begins before it.
            const startedAt = performance.now()
            const answer = Promise.resolve(Reflect.apply(value, target, [(rows: unknown) => rows]) as unknown)
            const told = answer.finally(() =>
              asked.push({ name: 'built', ...(target as Built).toSQL(), ms: performance.now() - startedAt }),
            )
            return told.then(...(parameters as [() => void]))
          }
          const result = Reflect.apply(value, target, parameters) as unknown
          const chained = typeof result === 'object' && result !== null && name !== 'as' && name !== 'toSQL'
          return chained ? wrap(result) : result
        }
      },
    })

  const encoder = db.dialect === 'sqlite' ? sqliteEncoder : postgresEncoder
  const prepared = (definition: Query<unknown>, parameters: Readonly<Record<string, unknown>>) => () => {
    const { sql, bind } = compile(definition, db.q, db.t, encoder)
    return { sql, params: bind(parameters) }
  }
  const timed = <T>(
    definition: Query<unknown>,
    parameters: Readonly<Record<string, unknown>>,
    ask: () => Promise<T>,
  ) => {
    const startedAt = performance.now()
    const answer = ask()
    return answer.finally(() =>
      asked.push({
        name: definition.name,
        ...prepared(definition, parameters)(),
        ms: performance.now() - startedAt,
      }),
    )
  }
  return {
    asked,
    db: {
      ...db,
      q: wrap(db.q) as Database['q'],
      one: (definition, parameters = {}) => timed(definition, parameters, () => db.one(definition, parameters)),
      all: (definition, parameters = {}) => timed(definition, parameters, () => db.all(definition, parameters)),
    },
  }
}

/** What was asked, with its values in place, for `explain`. */
export function bound(text: string, params: readonly unknown[]): SQL {
  const numbered = /\$\d/.test(text)
  const parts = text.split(numbered ? /\$\d+/ : '?')
  const order = numbered
    ? [...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number) - 1)
    : parts.map((_, at) => at)
  return sql.join(
    parts.flatMap((part, at) =>
      at === parts.length - 1 ? [sql.raw(part)] : [sql.raw(part), sql`${params[order[at] ?? 0]}`],
    ),
  )
}
