/**
 * The one writer of a SQLite file in this process: takes every list waiting at the moment and commits them together.
 *
 * One fsync serves all of them (`synchronous=FULL`), a list that fails is undone alone, and a caller's promise settles
 * only after the COMMIT.
 */
import type { SQLQueryBindings, Database as SqliteHandle, Statement as SqliteStatement } from 'bun:sqlite'
import type { Compiled } from './compile'
import { Conflict, DatabaseUnavailable, databaseError } from './errors'
import type { Statement } from './statements'

interface Job {
  readonly statements: readonly Statement[]
  readonly done: (changes: number[]) => void
  readonly failed: (error: Error) => void
}

export interface SqliteWriter {
  commit(statements: readonly Statement[]): Promise<number[]>
  /** Whether the last list that was tried could not be written, whatever it was. */
  isRefusing(): boolean
  /** Resolves when nothing waits to be written. */
  drained(): Promise<void>
}

/** More waiting lists than this are refused: the caller is better served by a 503 than by a minute of silence. */
const QUEUE_LIMIT = 10_000
const BATCH_LIMIT = 500
/** Attempts to get the write lock while another process holds it: about five seconds, with the event loop free. */
const BUSY_ATTEMPTS = 250
const BUSY_PAUSE_LIMIT_MS = 20

type Bindings = SQLQueryBindings[]

/** Tells the caller of one list how it went, once that is certain. */
type Settlement = () => void

/** `requireFile` throws when the file must not be written any more. */
export function createSqliteWriter(
  handle: SqliteHandle,
  compiled: (statement: Statement) => Compiled,
  requireFile: () => void = () => {},
): SqliteWriter {
  const prepared = new Map<string, SqliteStatement>()
  const begin = handle.prepare('BEGIN IMMEDIATE')
  const commit = handle.prepare('COMMIT')
  const rollback = handle.prepare('ROLLBACK')
  const savepoint = handle.prepare('SAVEPOINT list')
  const release = handle.prepare('RELEASE list')
  const undo = handle.prepare('ROLLBACK TO list')

  let queue: Job[] = []
  let armed = false
  let busyAttempts = 0
  let refusing = false
  let idle: (() => void)[] = []

  const statementOf = ({ sql }: Compiled): SqliteStatement => {
    let statement = prepared.get(sql)
    if (!statement) {
      statement = handle.prepare(sql)
      prepared.set(sql, statement)
    }
    return statement
  }

  const apply = (statement: Statement): number => {
    const definition = compiled(statement)
    try {
      const bindings = definition.bind(statement.parameters) as Bindings
      if (statement.kind === 'guard') {
        if (statementOf(definition).get(...bindings) === null) throw new Conflict(statement.label)
        return 0
      }
      const { changes } = statementOf(definition).run(...bindings)
      if (statement.kind === 'must' && changes !== 1) throw new Conflict(statement.label)
      return changes
    } catch (error) {
      throw databaseError(error, definition.name)
    }
  }

  /** Each list on its own; one that fails is undone without the others. */
  const applyIsolated = (batch: readonly Job[]): Settlement[] =>
    batch.map((job) => {
      savepoint.run()
      try {
        const changes = job.statements.map(apply)
        release.run()
        return () => job.done(changes)
      } catch (error) {
        // A full disk or an I/O error has already rolled back the whole transaction.
        if (!handle.inTransaction) throw error
        undo.run()
        release.run()
        return () => job.failed(error as Error)
      }
    })

  /**
   * All lists without savepoints, whose copies of every changed page cost as much as the changes. Undefined when one
   * failed: everything is undone then.
   */
  const applyTogether = (batch: readonly Job[]): Settlement[] | undefined => {
    const settle: Settlement[] = []
    for (const job of batch) {
      try {
        const changes = job.statements.map(apply)
        settle.push(() => job.done(changes))
      } catch (error) {
        if (!handle.inTransaction) throw error
        rollback.run()
        if (batch.length > 1) return undefined
        settle.push(() => job.failed(error as Error))
      }
    }
    return settle
  }

  const applyBatch = (batch: readonly Job[]): Settlement[] => {
    begin.run()
    const together = applyTogether(batch)
    if (together) return together
    begin.run()
    return applyIsolated(batch)
  }

  const flush = () => {
    const batch = queue.splice(0, BATCH_LIMIT)
    let settle: readonly Settlement[]
    try {
      settle = applyBatch(batch)
      // What is written to a file that was removed would be acknowledged and lost.
      requireFile()
      if (handle.inTransaction) commit.run()
      busyAttempts = 0
      refusing = false
    } catch (error) {
      if (handle.inTransaction) rollback.run()
      const failure = databaseError(error, 'commit')
      const busy = failure instanceof DatabaseUnavailable && failure.reason.startsWith('SQLITE_BUSY')
      if (busy && busyAttempts < BUSY_ATTEMPTS) {
        busyAttempts += 1
        queue = [...batch, ...queue]
        setTimeout(flush, Math.min(2 ** busyAttempts, BUSY_PAUSE_LIMIT_MS))
        return
      }
      busyAttempts = 0
      refusing = failure instanceof DatabaseUnavailable
      settle = batch.map((job) => () => job.failed(failure))
    }
    armed = queue.length > 0
    if (armed) setImmediate(flush)
    for (const tell of settle) tell()
    if (!armed) {
      for (const tell of idle) tell()
      idle = []
    }
  }

  return {
    commit: (statements) =>
      new Promise((done, failed) => {
        if (queue.length >= QUEUE_LIMIT) {
          failed(new DatabaseUnavailable('write queue full'))
          return
        }
        queue.push({ statements, done, failed })
        if (!armed) {
          armed = true
          setImmediate(flush)
        }
      }),
    isRefusing: () => refusing,
    drained: () => (armed ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve()),
  }
}
