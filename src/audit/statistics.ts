/** Counts of the audit trail by type, severity and outcome. */
import { and, asc, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { answered, conditions, newestFirst } from './conditions'
import type { AuditFilter } from './filter'

type Reader = Pick<Context, 'db'>

/** Statistics of a page are about so many records at most, the newest of their time. */
const QUICK_STATISTICS = 10_000

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
    .where(conditions(t, range, {}))
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
