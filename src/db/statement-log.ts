/** `DB_LOG_LEVEL`: statements in the log by name, text and time, never with their values. */
import type { Settings } from '../config/settings'
import type { Logger } from '../context'
import type { Database } from './database'
import type { Query, Write } from './definitions'
import type { Statement } from './statements'

/** What takes longer than this is worth a warning. */
const SLOW_MS = 200

type Definition = Query<unknown> | Write

/**
 * At `info` every statement is logged, at `warn` slow ones. Failures reach the log where they are handled, so `error`
 * and `silent` add nothing. Statements that are built per call (lists with filters) are not seen.
 */
export function withStatementLog(
  db: Database,
  level: Settings['DB_LOG_LEVEL'],
  log: Pick<Logger, 'info' | 'warn'>,
): Database {
  if (level === 'silent' || level === 'error') return db
  const texts = new Map<Definition, string>()
  const textOf = (definition: Definition): string => {
    let text = texts.get(definition)
    if (text === undefined) {
      text = definition.build(db.q, db.t).toSQL().sql
      texts.set(definition, text)
    }
    return text
  }
  const note = (definitions: readonly Definition[], startedMs: number): void => {
    const ms = Math.round((performance.now() - startedMs) * 1000) / 1000
    if (level !== 'info' && ms < SLOW_MS) return
    const fields = { statements: definitions.map(({ name }) => name).join(','), ms }
    if (ms >= SLOW_MS) log.warn(fields, 'Slow statement')
    else log.info({ ...fields, sql: definitions.map(textOf).join('; ') }, 'Statement')
  }
  const timed = <T>(definitions: () => readonly Definition[], startedMs: number, work: Promise<T>): Promise<T> => {
    const done = () => note(definitions(), startedMs)
    work.then(done, done)
    return work
  }
  return {
    ...db,
    one: (definition, parameters) => timed(() => [definition], performance.now(), db.one(definition, parameters)),
    all: (definition, parameters) => timed(() => [definition], performance.now(), db.all(definition, parameters)),
    commit: (statements) => timed(() => statements.map(definitionOf), performance.now(), db.commit(statements)),
  }
}

const definitionOf = (statement: Statement): Definition =>
  statement.kind === 'guard' ? statement.query : statement.write
