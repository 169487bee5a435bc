/** The numbers behind the charts of the dashboard. */
import { and, desc, gte, inArray, lt, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { HOUR_MS, uncounted } from './count'
import { BY_CLIENT, ISSUED, LOGINS, type PlainSeries } from './series'

export const PERIODS = ['24h', '7d', '30d'] as const
export type Period = (typeof PERIODS)[number]

/** Length and number of the columns of a chart. */
const COLUMNS: Readonly<Record<Period, { readonly ms: number; readonly count: number }>> = {
  '24h': { ms: HOUR_MS, count: 24 },
  '7d': { ms: 6 * HOUR_MS, count: 28 },
  '30d': { ms: 24 * HOUR_MS, count: 30 },
}

const TOP_CLIENTS = 8
/** Candidates: what was counted since the last turn may change the order. */
const CANDIDATES = 50

export interface Activity {
  readonly period: Period
  /** Beginnings of the columns, UTC; the last one is not over yet. */
  readonly columns: readonly Date[]
  readonly columnMs: number
  /** One number for each column. */
  readonly series: Readonly<Record<PlainSeries, readonly number[]>>
  /** Sums of the period of equal length before. */
  readonly before: Readonly<Record<PlainSeries, number>>
  /** Clients that were issued most, the first the most. */
  readonly clients: readonly { readonly clientId: string; readonly name: string; readonly count: number }[]
}

const PLAIN: readonly PlainSeries[] = [...ISSUED, ...LOGINS]

const total = sql<number>`sum(count)`.mapWith(Number)

const countsOfHours = query('activity_since', (q, { activityHours }) =>
  q
    .select({ series: activityHours.series, hour: activityHours.hour, count: activityHours.count })
    .from(activityHours)
    .where(and(inArray(activityHours.series, [...PLAIN]), gte(activityHours.hour, param('from')))),
)

const countsBetween = query('activity_between', (q, { activityHours }) =>
  q
    .select({ series: activityHours.series, count: total })
    .from(activityHours)
    .where(
      and(
        inArray(activityHours.series, [...PLAIN]),
        gte(activityHours.hour, param('from')),
        lt(activityHours.hour, param('until')),
      ),
    )
    .groupBy(activityHours.series),
)

const busiestClients = query('activity_by_client', (q, { activityHours }) =>
  q
    .select({ clientId: activityHours.label, count: total })
    .from(activityHours)
    .where(and(sql`${activityHours.series} = ${BY_CLIENT}`, gte(activityHours.hour, param('from'))))
    .groupBy(activityHours.label)
    .orderBy(desc(total))
    .limit(CANDIDATES),
)

/** Throws `DatabaseUnavailable`. */
export async function readActivity(ctx: Pick<Context, 'db' | 'clock'>, period: Period): Promise<Activity> {
  const { ms, count } = COLUMNS[period]
  const end = ctx.clock.now() - (ctx.clock.now() % ms) + ms
  const from = end - ms * count
  const [live, rows, earlier, clientRows] = await Promise.all([
    uncounted(ctx),
    ctx.db.all(countsOfHours, { from: new Date(from) }),
    ctx.db.all(countsBetween, { from: new Date(from - ms * count), until: new Date(from) }),
    ctx.db.all(busiestClients, { from: new Date(from) }),
  ])

  const series = Object.fromEntries(PLAIN.map((name) => [name, new Array<number>(count).fill(0)])) as Record<
    PlainSeries,
    number[]
  >
  const clients = new Map(clientRows.map((row) => [row.clientId, row.count]))
  const add = (name: string, hour: number, amount: number) => {
    const column = Math.floor((hour - from) / ms)
    const points = series[name as PlainSeries]
    if (points && column >= 0 && column < count) points[column] = (points[column] ?? 0) + amount
  }
  for (const row of rows) add(row.series, row.hour.getTime(), row.count)
  for (const { hour, counts } of live)
    for (const entry of counts) {
      add(entry.series, hour, entry.count)
      if (entry.series === BY_CLIENT && hour >= from)
        clients.set(entry.label, (clients.get(entry.label) ?? 0) + entry.count)
    }

  const before = new Map(earlier.map((row) => [row.series, row.count]))
  return {
    period,
    columns: Array.from({ length: count }, (_, index) => new Date(from + index * ms)),
    columnMs: ms,
    series,
    before: Object.fromEntries(PLAIN.map((name) => [name, before.get(name) ?? 0])) as Record<PlainSeries, number>,
    clients: await named(ctx, [...clients].sort(([, a], [, b]) => b - a).slice(0, TOP_CLIENTS)),
  }
}

/** Clients that were deleted are shown by their id. */
async function named(ctx: Pick<Context, 'db'>, counts: readonly (readonly [string, number])[]) {
  if (counts.length === 0) return []
  const { q, t } = ctx.db
  const rows = await q
    .select({ clientId: t.oauthApplications.clientId, name: t.oauthApplications.clientName })
    .from(t.oauthApplications)
    .where(
      inArray(
        t.oauthApplications.clientId,
        counts.map(([clientId]) => clientId),
      ),
    )
  const names = new Map(rows.map(({ clientId, name }) => [clientId, name]))
  return counts.map(([clientId, count]) => ({ clientId, name: names.get(clientId) ?? clientId, count }))
}
