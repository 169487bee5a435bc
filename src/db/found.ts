/**
 * What a list found, without having looked at everything.
 *
 * A list follows one index and takes its first rows, whatever else it is narrowed to is checked on those. So a page costs
 * the same whether a table has a thousand rows or ten million; nobody reads further than that anyway.
 */
import { and, count, type SQL, sql } from 'drizzle-orm'

/** So many rows of its index a list looks at. */
export const MOST_LISTED = 10_000

export interface Window {
  readonly limit: number
  readonly offset: number
}

export interface Found<Row> {
  readonly total: number
  /** There may be more than these. */
  readonly cut: boolean
  select(window: Window): PromiseLike<readonly Row[]>
}

/** Rows that are all at hand, in their order. */
export const foundRows = <Row>(rows: readonly Row[], cut: boolean): Found<Row> => ({
  total: rows.length,
  cut,
  select: async ({ limit, offset }) => rows.slice(offset, offset + limit),
})

/** For the rows that were looked at: how many there are, and how many of them are wanted. */
export const countsOf = (wanted: SQL | undefined) => ({
  looked: count(),
  total: wanted ? sql<number>`count(*) filter (where ${wanted})`.mapWith(Number) : count(),
})

/** The first condition that is asked for leads, through its index; the others are checked on what it finds. */
export function leading(conditions: readonly (SQL | undefined)[]): { lead: SQL | undefined; rest: SQL | undefined } {
  const [lead, ...rest] = conditions.filter((condition) => condition !== undefined)
  return { lead, rest: and(...rest) }
}
