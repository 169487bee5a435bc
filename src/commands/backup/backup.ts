/** `authgate backup` and `authgate restore`. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BackupRefusal } from '../../backup/backup-refusal'
import { type Manifest, manifestPath, readManifest } from '../../backup/manifest'
import { backUpPostgres, restorePostgres } from '../../backup/postgres'
import { postgresPrograms } from '../../backup/postgres-programs'
import { backUpSqlite } from '../../backup/sqlite-backup'
import { restoreSqlite } from '../../backup/sqlite-restore'
import { systemClock } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { removeAbandoned } from '../../drafts'
import { databaseStartError } from '../../open-store'
import { placeText } from '../../transfer/place'
import { reportProblems } from '../check'
import type { Output } from '../output'
import { createProgress, type Progress, type ProgressTarget, standardError } from '../progress'
import { BACKUP_USAGE, RESTORE_USAGE } from './usage'

/** What a command is given by the process, or by a test. */
export interface BackupSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  readonly progress?: ProgressTarget
}

type Command = 'backup' | 'restore'

interface Work {
  readonly settings: Settings
  readonly file: string
  readonly json: boolean
  readonly env: Environment
  readonly output: Output
  readonly at: Date
  readonly progress: Progress
}

export const backup = (argv: readonly string[], surroundings: BackupSurroundings): Promise<number> =>
  runCommand('backup', argv, surroundings)

export const restore = (argv: readonly string[], surroundings: BackupSurroundings): Promise<number> =>
  runCommand('restore', argv, surroundings)

/** Exit code as in the help texts. */
async function runCommand(name: Command, argv: readonly string[], surroundings: BackupSurroundings): Promise<number> {
  const { env, cwd, output, clock = systemClock } = surroundings
  const usage = name === 'backup' ? BACKUP_USAGE : RESTORE_USAGE
  const invocation = readFileArguments(argv)
  if ('badOption' in invocation) {
    output.error(invocation.badOption)
    output.out(usage)
    return 2
  }
  if ('help' in invocation) {
    output.out(usage)
    return 0
  }
  let settings: Settings | undefined
  try {
    settings = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() }).settings
    if (settings.sqlite?.path === ':memory:') throw new BackupRefusal('a database in memory has no backup')
    const progress = createProgress(clock, surroundings.progress ?? standardError)
    const file = resolve(cwd, invocation.file)
    const work = { settings, file, json: invocation.json, env, output, at: new Date(clock.now()), progress }
    await (name === 'backup' ? takeBackup(work) : bringBack(work)).finally(progress.end)
    return 0
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else output.error(`authgate ${name}: ${reasonOf(settings, error)}`)
    return 1
  }
}

async function takeBackup({ settings, file, json, env, output, at, progress }: Work): Promise<void> {
  removeAbandoned(file, 'partial')
  if (existsSync(file)) throw new BackupRefusal(`${file} exists and is not overwritten`)
  const { postgres, sqlite } = settings
  const manifest = postgres
    ? await backUpPostgres(postgres, programsOf(settings, env), { file, takenAt: at }, progress.show)
    : await backUpSqlite(sqliteOf(sqlite), file, at, progress.show)
  progress.end()
  if (json) output.out(JSON.stringify({ file, ...manifest }))
  else output.out(`${placeText(settings)} is backed up in ${file}, with ${manifestPath(file)}: ${textOf(manifest)}`)
}

async function bringBack({ settings, file, json, env, output, at, progress }: Work): Promise<void> {
  removeAbandoned(file, 'partial')
  if (!existsSync(file)) throw new BackupRefusal(`there is no file ${file}`)
  const manifest = readManifest(file)
  const { postgres, sqlite } = settings
  if (manifest.kind !== (postgres ? 'postgres' : 'sqlite'))
    throw new BackupRefusal(
      `${file} is a backup of another kind of database; restore it there, then use "authgate copy"`,
    )
  const kept = postgres
    ? await restorePostgres(postgres, programsOf(settings, env), { file, manifest }, at, progress.show)
    : await restoreSqlite(sqliteOf(sqlite), { file, manifest }, at, progress.show)
  progress.end()
  if (json) {
    output.out(JSON.stringify({ file, takenAt: manifest.takenAt, rows: manifest.rows, ...(kept && { kept }) }))
    return
  }
  output.out(`${placeText(settings)} is restored from ${file}: ${textOf(manifest)}`)
  if (kept) output.out(`What was there before is kept: ${kept}`)
  output.out(`Revocations and changes since ${manifest.takenAt} are undone; repeat those that matter`)
}

const programsOf = (settings: Settings, env: Environment) => postgresPrograms(settings.DATABASE_DSN, env)

function sqliteOf(sqlite: Settings['sqlite']): NonNullable<Settings['sqlite']> {
  if (!sqlite) throw new Error('there is no database')
  return sqlite
}

function textOf({ takenAt, bytes, rows }: Manifest): string {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  return `${total} rows of ${takenAt}, ${(bytes / 1e6).toFixed(1)} MB`
}

function reasonOf(settings: Settings | undefined, error: unknown): string {
  if (error instanceof BackupRefusal) return error.message
  const code = String((error as { code?: unknown }).code ?? '')
  if (FILE_ERRORS.has(code)) return `the file cannot be written: ${code}`
  return settings ? databaseStartError(settings, error).message : 'unexpected error'
}

const FILE_ERRORS = new Set(['EEXIST', 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EISDIR', 'ENOTDIR'])

type FileInvocation =
  | { readonly file: string; readonly json: boolean }
  | { readonly help: true }
  | { readonly badOption: string }

/** Options have one or two dashes. */
function readFileArguments(argv: readonly string[]): FileInvocation {
  let json = false
  const words: string[] = []
  for (const argument of argv) {
    const name = /^--?([^-=].*)$/s.exec(argument)?.[1]
    if (name === undefined) {
      if (argument.startsWith('-')) return { badOption: `bad flag syntax: ${argument}` }
      words.push(argument)
    } else if (name === 'h' || name === 'help') return { help: true }
    else if (name === 'json') json = true
    else return { badOption: `flag provided but not defined: -${name}` }
  }
  const [file, surplus] = words
  if (file === undefined || file === '') return { badOption: 'FILE is missing' }
  if (surplus !== undefined) return { badOption: `unexpected argument: ${surplus}` }
  return { file, json }
}
