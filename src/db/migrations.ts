/** The embedded migrations and the rule which of them a database lacks. */
import { createHash } from 'node:crypto'
import { loadMigrations } from './migrations.macro' with { type: 'macro' }
import type { Migration } from './migrations.macro'

export type { Migration }

export const sqliteMigrations: Migration[] = loadMigrations('sqlite')
export const postgresMigrations: Migration[] = loadMigrations('postgres')

/** Before each of `of` migrations; `done` are applied. */
export type TellMigration = (done: number, of: number, tag: string) => void

export interface AppliedMigration {
  readonly tag: string
  readonly hash: string
}

export const migrationHash = (migration: Migration): string =>
  createHash('sha256').update(migration.statements.join(';')).digest('hex')

/** What is still to be applied. Refuses a history that is newer than this program or that was edited afterwards. */
export function pendingMigrations(all: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  applied.forEach(({ tag, hash }, index) => {
    const known = all[index]
    if (!known) throw new Error(`the database is newer than this program (it has migration ${tag})`)
    if (known.tag !== tag || migrationHash(known) !== hash)
      throw new Error(`migration ${tag} of the database differs from the one in this program`)
  })
  return all.slice(applied.length)
}
