/** Runs at build time: puts the migrations of `drizzle/` into the program. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Migration {
  readonly tag: string
  readonly statements: string[]
}

export function loadMigrations(dialect: string): Migration[] {
  const directory = join(import.meta.dir, '../../drizzle', dialect)
  const journal = JSON.parse(readFileSync(join(directory, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string }[]
  }
  return journal.entries.map(({ tag }) => ({
    tag,
    statements: readFileSync(join(directory, `${tag}.sql`), 'utf8')
      .split('--> statement-breakpoint')
      .filter((statement) => statement.trim() !== ''),
  }))
}
