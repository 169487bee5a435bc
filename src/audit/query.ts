/**
 * Reads the audit trail: newest first, filtered, in pages and in streams.
 *
 * Every read is bounded. Filters with an index go through it; a search, which has none, looks at one stretch of the
 * trail after the other and lets requests have their turn in between, however long the trail is.
 */
import { and, asc, desc, eq, gte, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { databaseError } from '../db/errors'
import type { Tables } from '../db/tables'
import type { AuditFilter } from './filter'
import type { AuditRow } from './row'

type Reader = Pick<Context, 'db'>

/** Matches are counted up to this number; pages beyond are not offered. */
const MOST_COUNTED = 100_000
/** Records a search looks at in one go: SQLite serves nobody else meanwhile. */
const STRETCH = { sqlite: 5_000, postgres: 50_000 }

/** For a page that is to be there at once: matches that are counted, and records that a search looks at. */
const QUICK = { counted: 10_000, looked: { sqlite: 20_000, postgres: 10_000 } }
/** Statistics of a page are about so many records at most, the newest of their time. */
const QUICK_STATISTICS = 10_000

/** Place of a record in the order of the trail. */
export interface Place {
  readonly time: Date
  readonly id: string
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
  const looked = request.quick ? QUICK.looked[ctx.db.dialect] : Number.POSITIVE_INFINITY
  const search = hasIndex(filter) ? undefined : await firstMatches(ctx, filter, request.upTo, { most, looked })
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
  if (!hasIndex(filter)) {
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
  if (hasIndex(filter)) {
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

/** Whether the records can be found without looking at those that do not match, but for a few. */
const hasIndex = ({ search, resourceType, requestId }: AuditFilter): boolean =>
  search === undefined && resourceType === undefined && requestId === undefined

interface Bounds {
  /** Inclusive. */
  readonly upTo?: Place
  /** Exclusive. */
  readonly before?: Place
  /** Inclusive. */
  readonly from?: Place
}

const newestFirst = ({ auditLogs }: Tables) => [desc(auditLogs.eventTime), desc(auditLogs.id)] as const

function compare({ auditLogs }: Tables, operator: '<' | '<=' | '>=', place: Place): SQL {
  const time = sql`${sql.param(place.time, auditLogs.eventTime)}`
  return sql`(${auditLogs.eventTime}, ${auditLogs.id}) ${sql.raw(operator)} (${time}, ${place.id})`
}

function conditions(t: Tables, filter: AuditFilter, bounds: Bounds): SQL | undefined {
  return and(indexedConditions(t, filter, bounds), residualConditions(t, filter))
}

function indexedConditions(t: Tables, filter: AuditFilter, { upTo, before, from }: Bounds): SQL | undefined {
  const { auditLogs: rows } = t
  const { eventType, severity, success, actorUserId, resourceId, clientId, actorIp, startTime, endTime } = filter
  return and(
    eventType === undefined ? undefined : eq(rows.eventType, eventType),
    // Written as the partial indexes are, so that the planner recognises them.
    severity === undefined || severity === 'INFO' ? undefined : sql`${rows.severity} <> 'INFO'`,
    severity === undefined ? undefined : sql`${rows.severity} = ${severity}`,
    success === undefined ? undefined : success ? eq(rows.success, true) : sql`not ${rows.success}`,
    actorUserId === undefined ? undefined : eq(rows.actorUserId, actorUserId),
    resourceId === undefined ? undefined : eq(rows.resourceId, resourceId),
    clientId === undefined ? undefined : eq(rows.clientId, clientId),
    actorIp === undefined ? undefined : eq(rows.actorIp, actorIp),
    startTime && gte(rows.eventTime, startTime),
    endTime && lte(rows.eventTime, endTime),
    upTo && compare(t, '<=', upTo),
    before && compare(t, '<', before),
    from && compare(t, '>=', from),
  )
}

function residualConditions({ auditLogs: rows }: Tables, filter: AuditFilter): SQL | undefined {
  const { search, resourceType, requestId } = filter
  const pattern = search === undefined ? '' : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const contains = (column: typeof rows.action) => sql`lower(${column}) like lower(${pattern}) escape '\\'`
  return and(
    resourceType === undefined ? undefined : eq(rows.resourceType, resourceType),
    requestId === undefined ? undefined : eq(rows.requestId, requestId),
    search === undefined
      ? undefined
      : or(contains(rows.action), contains(rows.resourceName), contains(rows.actorUsername)),
  )
}

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
  const key = { time: t.auditLogs.eventTime, id: t.auditLogs.id }
  for (let before: Place | undefined; ; ) {
    const [end] = await answered(
      q
        .select(key)
        .from(t.auditLogs)
        .where(indexedConditions(t, filter, { upTo, before }))
        .orderBy(...newestFirst(t))
        .limit(1)
        .offset(length - 1),
    )
    const found = await answered(
      q
        .select({ id: t.auditLogs.id })
        .from(t.auditLogs)
        .where(and(indexedConditions(t, filter, { upTo, before, from: end }), residualConditions(t, filter)))
        .orderBy(...newestFirst(t)),
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

export interface AuditStatistics {
  readonly total: number
  readonly successes: number
  /** Largest first. */
  readonly byType: readonly (readonly [type: string, count: number])[]
  readonly bySeverity: readonly (readonly [severity: string, count: number])[]
}

type Range = Pick<AuditFilter, 'startTime' | 'endTime'>

/** As `auditStatistics`, of the newest records of a stretch of time only: `from` is the oldest of them when there are more. */
export async function newestStatistics(ctx: Reader, range: Range): Promise<AuditStatistics & { readonly from?: Date }> {
  const { q, t } = ctx.db
  const { eventType, severity, success, eventTime } = t.auditLogs
  const newest = q
    .select({ eventType, severity, success, eventTime })
    .from(t.auditLogs)
    .where(indexedConditions(t, range, {}))
    .orderBy(...newestFirst(t))
    .limit(QUICK_STATISTICS)
    .as('newest')
  const groups = await answered(
    q
      .select({
        ...{ type: newest.eventType, severity: newest.severity, success: newest.success },
        count: sql<number>`count(*)`.mapWith(Number),
        oldest: sql<Date>`min(${newest.eventTime})`.mapWith(eventTime),
      })
      .from(newest)
      .groupBy(newest.eventType, newest.severity, newest.success),
  )
  const total = sum(groups)
  const sumsBy = (name: 'type' | 'severity') =>
    [...Map.groupBy(groups, (group): string => group[name])].map(([key, of]) => [key, sum(of)] as const)
  return {
    total,
    successes: sum(groups.filter((group) => group.success)),
    byType: sumsBy('type').toSorted((x, y) => y[1] - x[1]),
    bySeverity: sumsBy('severity'),
    ...(total === QUICK_STATISTICS && { from: new Date(Math.min(...groups.map(({ oldest }) => oldest.getTime()))) }),
  }
}

/** Counts of a stretch of time, both ends inclusive. Records are not read, but for the few that matter. Throws `DatabaseUnavailable`. */
export async function auditStatistics(ctx: Reader, range: Range): Promise<AuditStatistics> {
  const { q, t } = ctx.db
  const { auditLogs: rows } = t
  // SQLite would rather look up the time and then every record than read the index that has both columns.
  const time = ctx.db.dialect === 'sqlite' ? sql`+${rows.eventTime}` : sql`${rows.eventTime}`
  const inRange = and(
    range.startTime && sql`${time} >= ${sql.param(range.startTime, rows.eventTime)}`,
    range.endTime && sql`${time} <= ${sql.param(range.endTime, rows.eventTime)}`,
  )
  const count = sql<number>`count(*)`.mapWith(Number)
  const types = await answered(
    q
      .select({ name: rows.eventType, count })
      .from(rows)
      .where(inRange)
      .groupBy(rows.eventType)
      .orderBy(asc(rows.eventType)),
  )
  const severities = await answered(
    q
      .select({ name: rows.severity, count })
      .from(rows)
      .where(and(sql`${rows.severity} <> 'INFO'`, inRange))
      .groupBy(rows.severity),
  )
  const [failures] = await answered(
    q
      .select({ count })
      .from(rows)
      .where(and(sql`not ${rows.success}`, inRange)),
  )
  const total = sum(types)
  const info = total - sum(severities)
  return {
    total,
    successes: total - (failures?.count ?? 0),
    byType: types.toSorted((a, b) => b.count - a.count).map(({ name, count: n }) => [name, n]),
    bySeverity: [
      ...(info > 0 ? ([['INFO', info]] as const) : []),
      ...severities.map(({ name, count: n }): [string, number] => [name, n]),
    ],
  }
}

const sum = (counts: readonly { readonly count: number }[]): number => counts.reduce((all, { count }) => all + count, 0)

/** Also of reads that are built per call: what a driver throws stays in the database layer. */
async function answered<T>(reading: PromiseLike<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw databaseError(error, 'audit_trail')
  }
}
