/** Backups of a PostgreSQL database by pg_dump, checked; restored in one transaction, beside the tables that were there. */
import { statSync } from 'node:fs'
import type postgres from 'postgres'
import type { PostgresConnection } from '../config/postgres-dsn'
import { postgresKit } from '../db/kit'
import { publish, withDraft } from '../drafts'
import { recognisePostgres, SESSION, withClient } from '../takeover/postgres'
import { stampOf } from '../takeover/sqlite-backup'
import { logicalTables } from '../transfer/tables'
import { version } from '../version'
import { BackupRefusal, type TellBackup } from './backup-refusal'
import { digestFile, type Manifest, requireDigest, writeManifest } from './manifest'
import type { PostgresPrograms } from './postgres-programs'

const MIGRATIONS = 'schema_migrations'
const tableNames = (): readonly string[] => [MIGRATIONS, ...logicalTables(postgresKit).map(({ name }) => name)]

const WAIT_INTERVAL_MS = 200

/** Tells that something goes on whose end cannot be foreseen. */
async function waiting<T>(tell: TellBackup, text: string, work: Promise<T>): Promise<T> {
  tell(0, 0, text)
  const timer = setInterval(() => tell(0, 0, text), WAIT_INTERVAL_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Servers may go on working. The rows of the manifest are those of the dump: both are of one snapshot. */
export function backUpPostgres(
  connection: PostgresConnection,
  programs: PostgresPrograms,
  backup: { readonly file: string; readonly takenAt: Date },
  tell: TellBackup,
): Promise<Manifest> {
  const { file, takenAt } = backup
  return withDraft(file, 'partial', (draft) =>
    withClient(connection, async (client) => {
      const described = await client.begin('isolation level repeatable read read only', async (transaction) => {
        await transaction.unsafe(SESSION)
        const recognition = await recognisePostgres(transaction)
        if (recognition.kind !== 'own' || recognition.problem !== undefined || recognition.pending.length > 0)
          throw new BackupRefusal('the database is not of this version; run "authgate migrate up" first')
        const [row] = await transaction`select pg_export_snapshot() as snapshot`
        const tables = tableNames().map((name) => `--table=public.${name}`)
        const dump = programs.run('pg_dump', [
          ...['--format=custom', '--no-owner', '--no-privileges', `--snapshot=${row?.snapshot}`, `--file=${draft}`],
          ...tables,
        ])
        await waiting(tell, 'pg_dump writes the backup', dump)
        const rows: Record<string, number> = {}
        for (const name of tableNames()) {
          const [counted] = await transaction.unsafe(`select count(*)::text as rows from public.${name}`)
          rows[name] = Number(counted?.rows)
        }
        const [last] = await transaction.unsafe(`select tag from public.${MIGRATIONS} order by idx desc limit 1`)
        return { rows, schema: String(last?.tag) }
      })
      await programs.run('pg_restore', ['--list', draft])
      const sha256 = await digestFile(draft, tell, 'computing the checksum')
      const manifest: Manifest = {
        ...{ format: 1, kind: 'postgres', version, takenAt: takenAt.toISOString() },
        ...{ schema: described.schema, bytes: statSync(draft).size, sha256, rows: described.rows },
      }
      writeManifest(file, manifest, draft)
      publish(draft, file)
      return manifest
    }),
  )
}

/** Resolves to the schema that keeps the former tables, if there were any. Whatever this throws, they are in their place. */
export async function restorePostgres(
  connection: PostgresConnection,
  programs: PostgresPrograms,
  backup: { readonly file: string; readonly manifest: Manifest },
  at: Date,
  tell: TellBackup,
): Promise<string | undefined> {
  const { file, manifest } = backup
  requireDigest(manifest, await digestFile(file, tell, 'checking the backup'), file)
  const aside = `authgate_before_restore_${stampOf(at).toLowerCase()}`
  const moved = await withClient(connection, async (client) => {
    const recognition = await recognisePostgres(client)
    if (recognition.kind !== 'empty' && recognition.kind !== 'own')
      throw new BackupRefusal('the database holds something else; name an empty one, or the one to be replaced')
    await requireAlone(client)
    const tables = await client`select tablename as name from pg_tables where schemaname = 'public' order by 1`
    return tables.map(({ name }) => String(name)).filter((name) => tableNames().includes(name))
  })
  // One transaction from the moving aside to the last count: the database is the former one or the new one.
  const restored = await programs.run('pg_restore', ['--no-owner', '--no-privileges', '--file=-', file])
  const script = [SESSION.replaceAll('set local', 'set'), moveAside(moved, aside), restored, requireRows(manifest)]
  const psql = ['--no-psqlrc', '--quiet', '--single-transaction', '--set=ON_ERROR_STOP=1', '--file=-']
  await waiting(tell, 'restoring', programs.run('psql', psql, new Blob([script.join(';\n')])))
  return moved.length > 0 ? `schema ${aside}` : undefined
}

const LEAVING_ATTEMPTS = 20
const LEAVING_PAUSE_MS = 100

/** Connections of a server that was just stopped take a moment to go. */
async function requireAlone(client: postgres.Sql): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const [others] = await client`
      select count(*)::int as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    if (others?.count === 0) return
    if (attempt === LEAVING_ATTEMPTS)
      throw new BackupRefusal(`${others?.count} connections use the database; stop every server and program first`)
    await Bun.sleep(LEAVING_PAUSE_MS)
  }
}

const moveAside = (tables: readonly string[], schema: string): string =>
  tables.length === 0
    ? ''
    : [`create schema "${schema}"`, ...tables.map((name) => `alter table public.${name} set schema "${schema}"`)].join(
        ';\n',
      )

/** `readManifest` has checked that the names are names. */
const requireRows = ({ rows }: Manifest): string =>
  Object.entries(rows)
    .map(
      ([name, count]) =>
        `do $$ begin if (select count(*) from public.${name}) <> ${count} then raise 'the rows of ${name} are not those of the manifest'; end if; end $$`,
    )
    .join(';\n')
    .concat(';\n')
