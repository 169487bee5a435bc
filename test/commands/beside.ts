/** A server and a folder in which commands run beside it, on the same database. */
import { join } from 'node:path'
import type { Surroundings } from '../../src/commands/run-command'
import { openDatabase } from '../../src/db/open'
import { openTestApp, type TestApp } from '../support/app'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'

const SECRETS = {
  JWT_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  SESSION_SECRET: '70c1e5d94b2f38a6e01d9cb47f5a238e16d0c97b4e82a5f3',
}

export const kinds = postgresAvailable ? (['SQLite', 'PostgreSQL'] as const) : (['SQLite'] as const)

export interface Beside {
  readonly app: TestApp
  readonly folder: string
  readonly env: Record<string, string>
  run(command: Run, argv: readonly string[], input?: string): Promise<Ran>
  close(): Promise<void>
}

type Run = (argv: readonly string[], surroundings: Surroundings) => Promise<number>

export interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

export async function openBeside(kind: (typeof kinds)[number], settings: Record<string, string> = {}): Promise<Beside> {
  const folder = temporaryFolder('command')
  const postgres = kind === 'PostgreSQL' ? await freshDatabase() : undefined
  const env: Record<string, string> = {
    ...SECRETS,
    BASE_URL: 'http://localhost:8080',
    DATABASE_DRIVER: postgres ? 'postgres' : 'sqlite',
    DATABASE_DSN: postgres?.url ?? join(folder, 'test.db'),
    ...settings,
  }
  const app = await openTestApp({
    settings: env,
    open: async () => {
      const db = openDatabase(testSettings(env))
      await db.migrate()
      return { db, close: () => db.close() }
    },
  })
  return {
    ...{ app, folder, env },
    run: async (command, argv, input = '') => {
      const lines = { out: '', error: '' }
      const output = {
        out: (text: string) => {
          lines.out += `${text}\n`
        },
        error: (text: string) => {
          lines.error += `${text}\n`
        },
      }
      const code = await command(argv, { env, cwd: folder, output, input: async () => input })
      return { code, ...lines }
    },
    close: async () => {
      await app.close()
      await postgres?.drop()
      removeFolder(folder)
    },
  }
}
