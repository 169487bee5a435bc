/**
 * Reads the audit trail: newest first, filtered, in pages and in streams.
 *
 * Every read is bounded. A filter with an index goes through it. A search, which has none, and a second filter look at
 * one stretch of the trail after the other, or of what the index of the first filter finds, and let requests have their
 * turn in between, however long the trail is.
 */
import { desc, eq, sql } from 'drizzle-orm'
import type { Context } from '../context'
import {
  answered,
  type Bounds,
  conditions,
  filteredColumns,
  matches,
  newestFirst,
  type Place,
  splitFilter,
} from './conditions'
import type { AuditFilter } from './filter'
import type { AuditRow } from './row'

type Reader = Pick<Context, 'db'>

/** Matches are counted up to this number; pages beyond are not offered. */
const MOST_COUNTED = 100_000
/** Records a search looks at in one go: SQLite serves nobody else meanwhile. */
const STRETCH = { sqlite: 5_000, postgres: 50_000 }

/**
 * For a page that is to be there at once: matches that are counted, and records that are looked at. Those next to each
 * other in time lie next to each other; those an index leads to are all over the table.
 */
const QUICK = {
  counted: 10_000,
  looked: { sqlite: 20_000, postgres: 10_000 },
  lookedByIndex: { sqlite: 2_000, postgres: 5_000 },
}

export interface AuditPage {
  readonly rows: readonly AuditRow[]
  /** At most `MOST_COUNTED`, or as many as a quick look counts. */
  readonly total: number
  /** There are more than `total`. */
  readonly more: boolean
  /** From 1; 1 also when there is none. */
  readonly page: number
  readonly pageSize: number
  readonly pages: number
  /** A quick search ended here; older records were not looked at. */
  readonly searchedTo?: Date
}

export interface PageRequest {
  readonly page: number
  readonly pageSize: number
  /** Nothing newer: pages do not move when records are added. */
  readonly upTo?: Place
  /** Looks at no more than is looked at in a moment. */
  readonly quick?: boolean
}

/** Throws `DatabaseUnavailable`. A page beyond the last is the last one. */
export async function readAuditPage(ctx: Reader, filter: AuditFilter, request: PageRequest): Promise<AuditPage> {
  const most = request.quick ? QUICK.counted : MOST_COUNTED
  const { direct, scattered } = splitFilter(filter)
  const quick = QUICK[scattered ? 'lookedByIndex' : 'looked'][ctx.db.dialect]
  const looked = request.quick ? quick : Number.POSITIVE_INFINITY
  const search = direct ? undefined : await firstMatches(ctx, filter, request.upTo, { most, looked })
  const counted = search ? search.ids.length : await countMatches(ctx, filter, request.upTo, most)
  const total = Math.min(counted, most)
  const pages = Math.ceil(total / request.pageSize)
  const page = Math.max(1, Math.min(request.page, pages))
  const offset = (page - 1) * request.pageSize
  const rows = search
    ? await rowsOfIds(ctx, search.ids.slice(offset, offset + request.pageSize))
    : await selectRows(ctx, filter, { upTo: request.upTo, limit: request.pageSize, offset })
  const searchedTo = search?.stoppedAt && { searchedTo: search.stoppedAt.time }
  return { rows, total, more: counted > most, page, pageSize: request.pageSize, pages, ...searchedTo }
}

/** The newest record there is, whatever the filter: what later pages are held to. */
export async function newestPlace(ctx: Reader): Promise<Place | undefined> {
  const { q, t } = ctx.db
  const [row] = await answered(
    q
      .select({ time: t.auditLogs.eventTime, id: t.auditLogs.id })
      .from(t.auditLogs)
      .orderBy(...newestFirst(t))
      .limit(1),
  )
  return row
}

/** Throws `DatabaseUnavailable`. */
export async function findAuditRow(ctx: Reader, id: string): Promise<AuditRow | undefined> {
  const { q, t } = ctx.db
  const [row] = await answered(q.select().from(t.auditLogs).where(eq(t.auditLogs.id, id)).limit(1))
  return row
}

/** How many match, up to `limit + 1`. Throws `DatabaseUnavailable`. */
export async function countMatches(
  ctx: Reader,
  filter: AuditFilter,
  upTo?: Place,
  limit: number = MOST_COUNTED,
): Promise<number> {
  const { q, t } = ctx.db
  if (!splitFilter(filter).direct) {
    let count = 0
    for await (const { ids } of matchingKeys(ctx, filter, upTo)) {
      count += ids.length
      if (count > limit) return limit + 1
    }
    return count
  }
  const bounded = q
    .select({ one: sql`1`.as('one') })
    .from(t.auditLogs)
    .where(conditions(t, filter, { upTo }))
    .limit(limit + 1)
    .as('bounded')
  const [row] = await answered(q.select({ count: sql<number>`count(*)`.mapWith(Number) }).from(bounded))
  return row?.count ?? 0
}

export interface StreamOptions {
  readonly upTo?: Place
  /** Rows at a time. */
  readonly batch: number
  readonly limit: number
}

/** All that match in batches, newest first, holding one batch in memory. Throws `DatabaseUnavailable`. */
export async function* streamAuditRows(
  ctx: Reader,
  filter: AuditFilter,
  { upTo, batch, limit }: StreamOptions,
): AsyncGenerator<readonly AuditRow[]> {
  let left = limit
  if (splitFilter(filter).direct) {
    for (let before: Place | undefined; left > 0; ) {
      const rows = await selectRows(ctx, filter, { upTo, before, limit: Math.min(batch, left), offset: 0 })
      const last = rows.at(-1)
      if (!last) return
      yield rows
      left -= rows.length
      before = placeOf(last)
    }
    return
  }
  for await (const { ids } of matchingKeys(ctx, filter, upTo)) {
    for (let start = 0; start < ids.length && left > 0; start += batch) {
      const rows = await rowsOfIds(ctx, ids.slice(start, start + Math.min(batch, left)))
      left -= rows.length
      if (rows.length > 0) yield rows
    }
    if (left <= 0) return
  }
}

const placeOf = ({ eventTime, id }: AuditRow): Place => ({ time: eventTime, id })

async function selectRows(
  ctx: Reader,
  filter: AuditFilter,
  { limit, offset, ...bounds }: Bounds & { readonly limit: number; readonly offset: number },
): Promise<AuditRow[]> {
  const { q, t } = ctx.db
  return answered(
    q
      .select()
      .from(t.auditLogs)
      .where(conditions(t, filter, bounds))
      .orderBy(...newestFirst(t))
      .limit(limit)
      .offset(offset),
  )
}

/** What matches of one stretch of the trail, newest first; often nothing. */
interface Stretch {
  readonly ids: readonly string[]
  /** Its last record; undefined when the trail ends before. */
  readonly end: Place | undefined
}

async function* matchingKeys(
  ctx: Reader,
  filter: AuditFilter,
  upTo?: Place,
  length: number = STRETCH[ctx.db.dialect],
): AsyncGenerator<Stretch> {
  const { q, t } = ctx.db
  const { lead, rest } = splitFilter(filter)
  for (let before: Place | undefined; ; ) {
    const inReach = conditions(t, lead, { upTo, before })
    const [end] = await answered(
      q
        .select({ time: t.auditLogs.eventTime, id: t.auditLogs.id })
        .from(t.auditLogs)
        .where(inReach)
        .orderBy(...newestFirst(t))
        .limit(1)
        .offset(length - 1),
    )
    // Limited inside, so that no database takes the index of another filter and looks at more than the stretch.
    const looked = q
      .select({ id: t.auditLogs.id, ...filteredColumns(t) })
      .from(t.auditLogs)
      .where(inReach)
      .orderBy(...newestFirst(t))
      .limit(length)
      .as('looked')
    const found = await answered(
      q
        .select({ id: looked.id })
        .from(looked)
        .where(matches(looked as unknown as ReturnType<typeof filteredColumns>, rest))
        .orderBy(desc(looked.eventTime), desc(looked.id)),
    )
    yield { ids: found.map(({ id }) => id), end }
    if (!end) return
    before = end
    // SQLite answers at once: without this pause nobody else would be served until the last stretch.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function firstMatches(
  ctx: Reader,
  filter: AuditFilter,
  upTo: Place | undefined,
  { most, looked }: { readonly most: number; readonly looked: number },
): Promise<{ readonly ids: readonly string[]; readonly stoppedAt?: Place }> {
  const length = Math.min(STRETCH[ctx.db.dialect], looked)
  const matches: string[] = []
  let left = looked
  for await (const { ids, end } of matchingKeys(ctx, filter, upTo, length)) {
    matches.push(...ids)
    left -= length
    if (matches.length > most) break
    if (left <= 0 && end) return { ids: matches, stoppedAt: end }
  }
  return { ids: matches.slice(0, most + 1) }
}

async function rowsOfIds(ctx: Reader, ids: readonly string[]): Promise<AuditRow[]> {
  if (ids.length === 0) return []
  const { q, t } = ctx.db
  const list = sql.join(
    ids.map((id) => sql`${id}`),
    sql`, `,
  )
  return answered(
    q
      .select()
      .from(t.auditLogs)
      .where(sql`${t.auditLogs.id} in (${list})`)
      .orderBy(...newestFirst(t)),
  )
}
