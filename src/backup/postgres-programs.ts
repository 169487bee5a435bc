/** The programs of PostgreSQL that dump and restore, run without a shell and without a password among their arguments. */
import { libpqVariables } from '../config/postgres-dsn'
import type { Environment } from '../config/sources'
import { BackupRefusal } from './backup-refusal'

export interface PostgresPrograms {
  /** Resolves to what it printed. Throws `BackupRefusal` with its last line on standard error. */
  run(program: 'pg_dump' | 'pg_restore' | 'psql', args: readonly string[], input?: Blob): Promise<string>
}

/** What a program needs of this process besides the connection. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH']

export function postgresPrograms(dsn: string, environment: Environment): PostgresPrograms {
  const inherited = INHERITED.flatMap((name) => (environment[name] ? [[name, environment[name]] as const] : []))
  const env = { ...Object.fromEntries(inherited), ...libpqVariables(dsn, environment), LC_ALL: 'C' }
  return {
    run: async (program, args, input) => {
      const path = Bun.which(program, { PATH: environment.PATH ?? '/usr/bin:/bin' })
      if (path === null)
        throw new BackupRefusal(`${program} is not installed: install the client programs of PostgreSQL`)
      const child = Bun.spawn([path, ...args], { env, stdin: input ?? 'ignore', stdout: 'pipe', stderr: 'pipe' })
      const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
      if (code !== 0) throw new BackupRefusal(`${program} ended with ${code}: ${error.trim().split('\n')[0] ?? ''}`)
      return out
    },
  }
}
