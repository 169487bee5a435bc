/** Texts as they are searched by their beginning: in small letters, and in the order of their bytes so that an index serves. */
import { and, type SQL, type SQLWrapper, sql } from 'drizzle-orm'

export type Dialect = 'sqlite' | 'postgres'

/** Folded by the database, on both sides of a comparison alike: SQLite knows the capitals of ASCII only. */
export const folded = (dialect: Dialect, text: SQLWrapper): SQL =>
  dialect === 'postgres' ? sql`lower(${text}) collate "C"` : sql`lower(${text})`

/** What follows the first such sign; the whole text where there is none. */
export const restAfter = (dialect: Dialect, text: SQLWrapper, sign: '@' | ' '): SQL =>
  sql`substr(${text}, ${sql.raw(dialect === 'postgres' ? 'strpos' : 'instr')}(${text}, ${sql.raw(`'${sign}'`)}) + 1)`

/** Sorts after everything that begins with the text before it. */
const LAST = '\u{10ffff}'

/** Whether a folded text begins with what was typed. */
export const beginsWith = (dialect: Dialect, foldedText: SQL, typed: string): SQL | undefined =>
  and(
    sql`(${foldedText}) >= ${folded(dialect, sql`${typed}`)}`,
    sql`(${foldedText}) < ${folded(dialect, sql`${typed + LAST}`)}`,
  )

/**
 * Whether one of the texts contains what was typed. Case does not matter, and the signs with a meaning in patterns stand
 * for themselves. The texts are compared in one go, which halves the time; nothing reaches from one into the next over
 * the line end between them.
 */
export function contains(texts: readonly SQLWrapper[], typed: string): SQL {
  const pattern = `%${typed.replaceAll(/[\\%_]/g, '\\$&')}%`
  const all = sql.join(
    texts.map((text) => sql`${text}`),
    sql` || '\n' || `,
  )
  return sql`lower(${all}) like lower(${pattern}) escape '\\'`
}

/** What can be searched for: PostgreSQL takes no NUL, and no text that is stored has a line end. */
export const searchable = (typed: string): string => typed.replaceAll(/[\u0000\n]/g, '').trim()
