/** The PostgreSQL database: a pool, prepared statements, one pipelined transaction per commit. */
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { type Compiled, compile, encodeBareParameters, postgresEncoder } from './compile'
import type { Database } from './database'
import { withDeadline } from './deadline'
import type { Parameters, Query, QueryBuilder } from './definitions'
import { Conflict, databaseError } from './errors'
import { postgresKit } from './kit'
import {
  type AppliedMigration,
  migrationHash,
  pendingMigrations,
  postgresMigrations,
  type TellMigration,
} from './migrations'
import { CLOSE_TIMEOUT_S, createPostgresPool } from './postgres-pool'
import type { Statement } from './statements'
import { makeTables } from './tables'

export interface PostgresOptions {
  /** Options of the `postgres` package that say where and how to connect. */
  readonly connection: postgres.Options<Record<string, never>>
  readonly maxConnections: number
  /** 0 = never. */
  readonly idleTimeoutMs: number
  /** 0 = never. */
  readonly maxLifetimeMs: number
  /** How long a single answer may take before the database counts as unavailable, in milliseconds. */
  readonly answerTimeoutMs: number
  /** False behind transaction poolers. */
  readonly prepare: boolean
}

interface PreparedQuery<Row> {
  execute(parameters: Record<string, unknown>): Promise<Row[]>
}

/** Serialisation failures and deadlocks: the list is written again as a whole. */
const AGAIN = new Set(['40001', '40P01'])
const ATTEMPTS = 3

const LOCK_SPACE = 723_851_093
/** After a lost connection the next attempt is made this soon, in seconds: a server that is back is found at once. */
const RECONNECT_DELAY = 0.1

export function openPostgres(options: PostgresOptions): Database {
  const connection = {
    ...options.connection,
    prepare: options.prepare,
    backoff: () => RECONNECT_DELAY,
    onnotice: () => {},
  }
  const pool = createPostgresPool({
    ...options,
    connect: (probe) => {
      const connections = postgres({
        ...connection,
        max: probe ? 1 : options.maxConnections,
        idle_timeout: options.idleTimeoutMs > 0 ? options.idleTimeoutMs / 1000 : undefined,
        max_lifetime: options.maxLifetimeMs > 0 ? options.maxLifetimeMs / 1000 : null,
        ...probe,
      })
      // Dates and JSON are encoded by the tables; this tells the connections so.
      drizzle({ client: connections })
      return connections
    },
  })
  const { client } = pool
  const q: QueryBuilder = drizzle({ client })
  const t = makeTables(postgresKit)

  const compiledOnce = new Map<object, Compiled>()
  const compiled = (statement: Statement): Compiled => {
    const definition = statement.kind === 'guard' ? statement.query : statement.write
    let result = compiledOnce.get(definition)
    if (!result) {
      const text = compile(definition, q, t, postgresEncoder)
      result = statement.kind === 'guard' ? { ...text, sql: `${text.sql} for share` } : text
      compiledOnce.set(definition, result)
    }
    return result
  }

  const queries = new Map<object, PreparedQuery<unknown>>()
  const prepared = <Row>(definition: Query<Row>): PreparedQuery<Row> => {
    let result = queries.get(definition)
    if (!result) {
      const built = definition.build(q, t).prepare(definition.name)
      encodeBareParameters(
        (built as unknown as { getQuery(): { params: unknown[] } }).getQuery().params,
        postgresEncoder,
      )
      result = built
      queries.set(definition, result)
    }
    return result as PreparedQuery<Row>
  }

  const all = async <Row>(definition: Query<Row>, parameters: Parameters = {}): Promise<Row[]> => {
    try {
      return await pool.ask(() => prepared(definition).execute(parameters))
    } catch (error) {
      throw databaseError(error, definition.name)
    }
  }

  /** Sends every statement at once and looks at the answers in order: one round trip besides BEGIN and COMMIT. */
  const attempt = (statements: readonly Statement[]): Promise<number[]> =>
    client.begin(async (transaction) => {
      const sent = statements.map((statement) => {
        const { sql, bind, name } = compiled(statement)
        const answer = transaction.unsafe(sql, bind(statement.parameters) as never[], { prepare: options.prepare })
        return { statement, name, answer }
      })
      const settled = await Promise.allSettled(sent.map(({ answer }) => answer))
      return settled.map((result, index) => {
        const { statement, name } = sent[index] as (typeof sent)[number]
        if (result.status === 'rejected')
          throw retryable(result.reason) ? result.reason : databaseError(result.reason, name)
        if (statement.kind === 'guard') {
          if (result.value.length === 0) throw new Conflict(statement.label)
          return 0
        }
        if (statement.kind === 'must' && result.value.count !== 1) throw new Conflict(statement.label)
        return result.value.count
      })
    })

  const commit = async (statements: readonly Statement[]): Promise<number[]> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await pool.ask(() => attempt(statements))
      } catch (error) {
        if (!retryable(error) || tries === ATTEMPTS) throw databaseError(error, 'commit')
      }
    }
  }

  return {
    dialect: 'postgres',
    q,
    t,
    all,
    one: async (definition, parameters) => (await all(definition, parameters))[0],
    commit,
    ping: async () => {
      try {
        await pool.ask(() => client`select 1`)
      } catch (error) {
        throw databaseError(error, 'ping')
      }
    },
    exclusively: (name, wait, work) =>
      exclusively({ ...connection, max: 1, max_lifetime: null }, options.answerTimeoutMs, name, wait, work),
    migrate: (tell) => migratePostgres(client, tell),
    close: pool.close,
  }
}

const retryable = (error: unknown): boolean => AGAIN.has(String((error as { code?: unknown })?.code))

function lockKey(name: string): number {
  return Number(BigInt.asIntN(32, BigInt(Bun.hash(name))))
}

/**
 * The lock is part of an open transaction of a connection of its own: it ends with its process, works behind
 * transaction poolers, and the work it protects has the whole pool for itself, however small that is.
 */
async function exclusively<T>(
  connection: postgres.Options<Record<string, never>>,
  answerTimeoutMs: number,
  name: string,
  wait: boolean,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const client = postgres(connection)
  const key = lockKey(name)
  let running: Promise<T> | undefined
  let givenUp = false
  const begun = Promise.withResolvers<void>()
  const locked = client.begin(async (transaction) => {
    // A server that ends idle transactions would end the lock in the middle of the work.
    await transaction`set local idle_in_transaction_session_timeout = 0`
    if (wait) await transaction`select pg_advisory_xact_lock(${LOCK_SPACE}, ${key})`
    else {
      const [row] = await transaction`select pg_try_advisory_xact_lock(${LOCK_SPACE}, ${key}) as held`
      if (!row?.held) return
    }
    // The lock came after the caller was told that it will not.
    if (givenUp) return
    running = work()
    begun.resolve()
    await running
  })
  try {
    const known = Promise.race([locked, begun.promise])
    // Only other processes are waited for; a database that says nothing would keep this job from its next turn.
    await (wait ? known : withDeadline(known, answerTimeoutMs))
    if (!running) return undefined
    const result = await running
    await withDeadline(locked, answerTimeoutMs)
    return result
  } catch (error) {
    // What the work came to counts, even when its lock was lost on the way.
    if (running) return await running
    throw databaseError(error, 'lock')
  } finally {
    givenUp = true
    locked.catch(() => {})
    await client.end({ timeout: CLOSE_TIMEOUT_S })
  }
}

async function migratePostgres(client: postgres.Sql, tell?: TellMigration): Promise<string[]> {
  return client.begin(async (transaction) => {
    await lockMigrations(transaction)
    return await applyPostgresMigrations(transaction, undefined, tell)
  })
}

/** Held until the transaction ends; at most one process has it. */
export async function lockMigrations(transaction: postgres.TransactionSql): Promise<void> {
  await transaction`select pg_advisory_xact_lock(${LOCK_SPACE}, ${lockKey('migrate')})`
}

/** Applies what is missing. `adapt` may change the text of a statement. */
export async function applyPostgresMigrations(
  transaction: postgres.TransactionSql,
  adapt: (statement: string) => string = (statement) => statement,
  tell: TellMigration = () => {},
): Promise<string[]> {
  await transaction.unsafe(
    'create table if not exists schema_migrations(idx serial primary key, tag text not null, hash text not null, at timestamptz not null default now())',
  )
  const done =
    (await transaction`select tag, hash from schema_migrations order by idx`) as unknown as AppliedMigration[]
  const pending = pendingMigrations(postgresMigrations, done)
  for (const [index, migration] of pending.entries()) {
    tell(index, pending.length, migration.tag)
    for (const statement of migration.statements) await transaction.unsafe(adapt(statement))
    await transaction`insert into schema_migrations(tag, hash) values (${migration.tag}, ${migrationHash(migration)})`
  }
  return pending.map(({ tag }) => tag)
}
