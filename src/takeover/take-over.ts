/**
 * Takes the database of an AuthGate 0.x deployment over, in place.
 *
 * What is kept works as before: passwords, client secrets, tokens, consents, connections, codes that wait. What cannot
 * be kept is in the report, and everything is in the backup.
 */
import type { Settings } from '../config/settings'
import { deriveSecrets } from '../secrets'
import { StartError } from '../start-error'
import { convertPostgres, inspectPostgres, tryPostgres } from './postgres'
import type { TellProgress } from './progress'
import type { Recognition } from './recognise'
import type { TakeoverReport } from './report'
import { convertSqlite, inspectSqlite, trySqlite, type WorkParts } from './sqlite'

export interface TakeoverOptions {
  readonly settings: Settings
  readonly tell: TellProgress
  /** Ends the conversion between two batches; nothing is changed then. */
  readonly signal?: AbortSignal
  readonly nowMs: number
}

/** Reads names and columns only. Throws what the driver throws. */
export async function inspectDatabase({
  postgres,
  sqlite,
}: Pick<Settings, 'postgres' | 'sqlite'>): Promise<Recognition> {
  if (postgres) return await inspectPostgres(postgres)
  return sqlite ? inspectSqlite(sqlite) : { kind: 'empty' }
}

/** Throws `StartError` for a database of something else. */
export function requireUsable(recognition: Recognition): void {
  if (recognition.kind === 'unknown')
    throw new StartError(
      `failed to initialize database: this is no AuthGate database: ${recognition.reason}; nothing was changed. Name another with DATABASE_DSN`,
    )
}

/** Undefined when another process did it meanwhile. Whatever it throws, the database is as it was. */
export async function takeOver(options: TakeoverOptions): Promise<TakeoverReport | undefined> {
  const { postgres, sqlite } = options.settings
  if (postgres) return await convertPostgres(postgres, partsOf(options), tellOrEnd(options))
  return sqlite ? await convertSqlite(sqlite, partsOf(options), tellOrEnd(options)) : undefined
}

/** The report a conversion would give. The database is only read. */
export async function tryTakeover(options: TakeoverOptions): Promise<TakeoverReport> {
  const { postgres, sqlite } = options.settings
  if (postgres) return await tryPostgres(postgres, partsOf(options), tellOrEnd(options))
  if (sqlite) return await trySqlite(sqlite, partsOf(options), tellOrEnd(options))
  throw new Error('there is no database')
}

const partsOf = ({ settings, nowMs }: TakeoverOptions): WorkParts => ({
  settings,
  userCode: deriveSecrets(settings).userCode,
  startedAt: new Date(nowMs),
})

/** Lets signals and timers in between batches. */
const tellOrEnd =
  ({ tell, signal }: TakeoverOptions): TellProgress =>
  async (progress) => {
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
    await tell(progress)
  }
