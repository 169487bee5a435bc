/** Takes the tables of a PostgreSQL database over: one transaction, in which the former ones move to a schema of their own. */
import postgres from 'postgres'
import type { PostgresConnection } from '../config/postgres-dsn'
import type { AppliedMigration } from '../db/migrations'
import { postgresMigrations } from '../db/migrations'
import { applyPostgresMigrations, lockMigrations } from '../db/postgres'
import { convertAll } from './convert'
import { existingTables } from './existing-tables'
import { createPostgresStore } from './postgres-store'
import type { TellProgress } from './progress'
import { type DatabaseObject, hasMigrations, type Recognition, recognise } from './recognise'
import { createReport, type TakeoverReport } from './report'
import type { WorkParts } from './sqlite'
import { stampOf } from './sqlite-backup'

const CLOSE_TIMEOUT_S = 2
/** How long a transaction of another process may keep the former tables. */
const LOCK_TIMEOUT = '15s'

/** One connection for the time of `work`. */
export async function withClient<T>(
  connection: PostgresConnection,
  work: (client: postgres.Sql) => Promise<T>,
): Promise<T> {
  const client = postgres({
    ...connection.options,
    prepare: connection.prepare,
    max: 1,
    max_lifetime: null,
    onnotice: () => {},
  })
  try {
    return await work(client)
  } finally {
    await client.end({ timeout: CLOSE_TIMEOUT_S })
  }
}

export const inspectPostgres = (connection: PostgresConnection): Promise<Recognition> =>
  withClient(connection, recognisePostgres)

/** Of the schema `public`; what an extension brought is no part of it. */
export async function recognisePostgres(client: Pick<postgres.Sql, 'unsafe'>): Promise<Recognition> {
  const objects = (await client.unsafe(
    `select case when c.relkind in ('r', 'p') then 'table' when c.relkind in ('v', 'm') then 'view' else 'foreign table' end as kind,
       c.relname as name,
       coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and not exists (select 1 from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
     order by c.relname`,
  )) as unknown as DatabaseObject[]
  const applied = hasMigrations(objects)
    ? ((await client.unsafe(
        'select tag, hash from public.schema_migrations order by idx',
      )) as unknown as AppliedMigration[])
    : []
  return recognise(objects, postgresMigrations, applied)
}

/** Undefined when there is nothing to take over (any more). Whatever it throws, the database is as it was. */
export function convertPostgres(
  connection: PostgresConnection,
  parts: WorkParts,
  tell: TellProgress,
): Promise<TakeoverReport | undefined> {
  return withClient(connection, async (client) => {
    const report = await client.begin(async (transaction) => {
      await transaction.unsafe(SESSION)
      await lockMigrations(transaction)
      const recognition = await recognisePostgres(transaction)
      if (recognition.kind !== 'existing') return undefined
      await tell({ step: 'moving tables', done: 0, total: 0 })
      const schema = `authgate_backup_${stampOf(parts.startedAt).toLowerCase()}`
      await moveTables(transaction, schema)
      await transaction.unsafe('set local search_path to public')
      await applyPostgresMigrations(transaction)
      const writer = createReport()
      await convertAll({ ...parts, report: writer, store: createPostgresStore(transaction, schema) }, tell)
      await tell({ step: 'committing', done: 1, total: 1 })
      return writer.report(recognition.surplus, `schema ${schema}`)
    })
    return report as TakeoverReport | undefined
  })
}

/** Nothing but this transaction decides how long it takes, and every time is read in UTC. */
export const SESSION =
  "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local timezone to 'UTC'"

async function moveTables(transaction: postgres.TransactionSql, schema: string): Promise<void> {
  await transaction.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
  const names = existingTables.map((table) => `public.${table}`).join(', ')
  await transaction.unsafe(`lock table ${names} in access exclusive mode`)
  await transaction.unsafe('set local lock_timeout = 0')
  await transaction.unsafe(`create schema "${schema}"`)
  for (const table of existingTables) await transaction.unsafe(`alter table public.${table} set schema "${schema}"`)
}

/** What a trial ends with, so that its transaction is undone. */
class Undone extends Error {
  constructor(readonly report: TakeoverReport) {
    super('a trial is undone')
  }
}

/** Does everything beside the former tables, which are only read, and undoes it. */
export function tryPostgres(
  connection: PostgresConnection,
  parts: WorkParts,
  tell: TellProgress,
): Promise<TakeoverReport> {
  return withClient(connection, async (client) => {
    try {
      await client.begin('isolation level repeatable read', async (transaction) => {
        await transaction.unsafe(SESSION)
        const recognition = await recognisePostgres(transaction)
        const schema = `authgate_trial_${stampOf(parts.startedAt).toLowerCase()}`
        await transaction.unsafe(`create schema "${schema}"; set local search_path to "${schema}"`)
        await applyPostgresMigrations(transaction, (statement) => statement.replaceAll('"public".', `"${schema}".`))
        const writer = createReport()
        await convertAll({ ...parts, report: writer, store: createPostgresStore(transaction, 'public') }, tell)
        throw new Undone(writer.report(recognition.kind === 'existing' ? recognition.surplus : []))
      })
    } catch (error) {
      if (error instanceof Undone) return error.report
      throw error
    }
    throw new Error('a trial was not undone')
  })
}
