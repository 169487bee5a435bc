/**
 * Connections that are given up when nothing comes back over them.
 *
 * A connection whose other end vanished without a word looks like one that waits for an answer, for a quarter of an hour
 * and more. So when the whole pool says nothing for as long as one answer may take, it is given up: everybody is refused
 * at once, and a single connection asks again and again until the database answers. When it is only some connections, the
 * pool is replaced as soon as they are half of it.
 */
import type postgres from 'postgres'
import { Overdue, withDeadline } from './deadline'
import { DatabaseUnavailable } from './errors'

export interface PostgresPool {
  /** The connections of the moment, under one name that stays. */
  readonly client: postgres.Sql
  /** Asks within the time an answer may take. Throws `DatabaseUnavailable`, and what the driver throws. */
  ask<T>(question: () => PromiseLike<T>): Promise<T>
  /** Waits a moment for what is under way. */
  close(): Promise<void>
}

export interface PoolOptions {
  /** A new pool, or with `probe` one connection that gives up after so many seconds. */
  connect(probe?: { readonly connect_timeout: number }): postgres.Sql
  readonly maxConnections: number
  /** Milliseconds. */
  readonly answerTimeoutMs: number
}

const PROBE_LIMIT_S = 2
const PROBE_PAUSE_MS = 250
/**
 * For queries nobody waits for any more, such as a ping that was sent while the server was away. Well below
 * `DB_CLOSE_TIMEOUT`, so that cutting them off counts as closing in order.
 */
export const CLOSE_TIMEOUT_S = 2

/** A refused statement is an answer; a lost connection is none. `Conflict` follows from answers. */
const isFromServer = (error: unknown): boolean => !(error instanceof DatabaseUnavailable) && !isConnectionError(error)
const isConnectionError = (error: unknown): boolean =>
  /^(CONNECT|E[A-Z])/.test(String((error as { code?: unknown })?.code ?? ''))

export function createPostgresPool({ connect, maxConnections, answerTimeoutMs }: PoolOptions): PostgresPool {
  let current = connect()
  let silent = false
  let closed = false
  let lastAnswerAt = 0
  /** Questions to the pool of the moment that nobody waits for any more. */
  let overdue = 0

  const replace = (graceSeconds: number) => {
    const old = current
    current = connect()
    overdue = 0
    void old.end({ timeout: graceSeconds }).catch(() => {})
  }

  /** Something between may take connections and drop them, so that only an answer proves that the database is there. */
  const answers = async (): Promise<boolean> => {
    const probe = connect({ connect_timeout: PROBE_LIMIT_S })
    try {
      await withDeadline(probe`select 1`, PROBE_LIMIT_S * 1_000)
      return true
    } catch {
      return false
    } finally {
      void probe.end({ timeout: 0 }).catch(() => {})
    }
  }

  const giveUp = async () => {
    silent = true
    replace(0)
    while (!closed && !(await answers())) await Bun.sleep(PROBE_PAUSE_MS)
    silent = false
  }

  const noteOverdue = (asked: postgres.Sql, askedAt: number, answer: Promise<unknown>) => {
    if (silent || closed || asked !== current) return
    overdue += 1
    const settled = () => {
      if (asked === current) overdue -= 1
    }
    answer.then(settled, settled)
    if (lastAnswerAt < askedAt) void giveUp()
    else if (overdue * 2 >= maxConnections) replace(CLOSE_TIMEOUT_S)
  }

  const client = new Proxy((() => {}) as unknown as postgres.Sql, {
    get: (_, name) => Reflect.get(current, name),
    apply: (_, self, parameters) => Reflect.apply(current as never, self, parameters),
  })

  return {
    client,
    ask: async (question) => {
      if (silent) throw new DatabaseUnavailable('no answer in time')
      const asked = current
      const askedAt = performance.now()
      const answer = Promise.resolve(question())
      try {
        const result = await withDeadline(answer, answerTimeoutMs)
        lastAnswerAt = performance.now()
        return result
      } catch (error) {
        if (!(error instanceof Overdue)) {
          if (isFromServer(error)) lastAnswerAt = performance.now()
          throw error
        }
        noteOverdue(asked, askedAt, answer)
        throw new DatabaseUnavailable('no answer in time')
      }
    },
    close: async () => {
      closed = true
      await current.end({ timeout: CLOSE_TIMEOUT_S })
    },
  }
}
