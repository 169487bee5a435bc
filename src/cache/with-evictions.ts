/**
 * The database as everything else sees it: a commit that outdates copies also evicts them, before anybody is told that
 * it succeeded.
 */
import type { Logger } from '../context'
import type { Database } from '../db/database'
import type { Write } from '../db/definitions'
import { Conflict, DatabaseUnavailable } from '../db/errors'
import type { Statement } from '../db/statements'
import { type Eviction, evictionOf, unlistedEviction } from './evicting-writes'

/**
 * The change is made, but copies elsewhere may still say otherwise: neither Redis nor the database could be told. They
 * are being evicted.
 */
export class EvictionUnconfirmed extends DatabaseUnavailable {
  constructor() {
    super('eviction not confirmed')
  }
}

export interface Evictor {
  /** Before a commit: as long as it is under way nothing is kept, even when this process dies. Never throws. */
  hold(evictions: readonly Eviction[]): Promise<void>
  /** After it. Throws `EvictionUnconfirmed` when what the commit ended may live on in a copy. */
  evict(evictions: readonly Eviction[]): Promise<void>
  /** The outcome of a commit is unknown: it may yet take effect. */
  evictUncertain(evictions: readonly Eviction[]): Promise<void>
  evictEverything(): Promise<void>
  /** For a change that had been made before: throws `EvictionUnconfirmed` as long as that was the answer then too. */
  requireConfirmed(): Promise<void>
}

type Evicts = ReturnType<typeof unlistedEviction>

export function withEvictions(db: Database, evictor: Evictor, log: Pick<Logger, 'error'>): Database {
  const known = new WeakMap<Write, Evicts>()

  /** Empty for what cannot be written; the commit says so. */
  const textOf = (write: Write): string => {
    try {
      return write.build(db.q, db.t).toSQL().sql
    } catch {
      return ''
    }
  }

  const evictsOf = (write: Write): Evicts => {
    let evicts = known.get(write)
    if (evicts !== undefined) return evicts
    evicts = evictionOf(write.name) ?? unlistedEviction(textOf(write))
    if (evicts === 'everything')
      log.error({ statement: write.name }, 'A write says nothing about caches: it empties them all')
    known.set(write, evicts)
    return evicts
  }

  /** Undefined when nothing is outdated, which is the rule. */
  const evictionsOf = (statements: readonly Statement[]): Eviction[] | 'everything' | undefined => {
    let evictions: Eviction[] | undefined
    let everything = false
    for (const statement of statements) {
      if (statement.kind === 'guard') continue
      const evicts = evictsOf(statement.write)
      if (evicts === 'everything') {
        everything = true
        continue
      }
      const eviction = evicts(statement.parameters)
      if (eviction) evictions = [...(evictions ?? []), eviction]
    }
    return everything ? 'everything' : evictions
  }

  const commit = async (statements: readonly Statement[], evictions: readonly Eviction[]): Promise<number[]> => {
    await evictor.hold(evictions)
    let changed: number[]
    try {
      changed = await db.commit(statements)
    } catch (error) {
      if (error instanceof Conflict) await evictor.evict(evictions).catch(() => {})
      else if (error instanceof DatabaseUnavailable) await evictor.evictUncertain(evictions)
      throw error
    }
    await evictor.evict(evictions)
    return changed
  }

  return {
    ...db,
    commit: (statements) => {
      const evictions = evictionsOf(statements)
      if (evictions === undefined) return db.commit(statements)
      if (evictions !== 'everything') return commit(statements, evictions)
      return db.commit(statements).finally(() => evictor.evictEverything())
    },
  }
}
