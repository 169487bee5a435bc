/**
 * Counting the audit trail by hour, a little at a time.
 *
 * A job reads each stretch of the trail once, soon after it was written, and adds it to the counts of its hour. Charts
 * read those counts, at most a few thousand rows, and only what was written since the last turn from the trail itself.
 * So a chart costs the same whether the trail has a thousand rows or ten million.
 */
import { and, asc, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { commit, must, run } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { COUNTED_EVENTS, type CountedEvent, tally } from './series'

export const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Records become visible this much after the time they bear at the latest: commits take time, and queues wait. */
const LATE_MS = 2 * MINUTE_MS
/** Two periods of the longest chart, to compare one with the other. */
export const KEPT_MS = 62 * 24 * HOUR_MS
/** The parts of the trail a chart may have to read itself when the job has not run for a while. */
const MOST_UNCOUNTED_MS = 3 * HOUR_MS
const PAUSE_MS = 20
const PROGRESS = { name: 'audit' }

const hourOf = (ms: number): number => ms - (ms % HOUR_MS)

const count = sql<number>`count(*)`.mapWith(Number)

const eventsBetween = query('count_audit_events', (q, { auditLogs }) =>
  q
    .select({
      eventType: auditLogs.eventType,
      success: auditLogs.success,
      action: auditLogs.action,
      clientId: auditLogs.clientId,
      count,
    })
    .from(auditLogs)
    .where(
      and(
        inArray(auditLogs.eventType, [...COUNTED_EVENTS]),
        gte(auditLogs.eventTime, param('from')),
        lt(auditLogs.eventTime, param('until')),
      ),
    )
    .groupBy(auditLogs.eventType, auditLogs.success, auditLogs.action, auditLogs.clientId),
)

const countBetween = (ctx: Pick<Context, 'db'>, from: number, until: number): Promise<CountedEvent[]> =>
  ctx.db.all(eventsBetween, { from: new Date(from), until: new Date(until) })

const progress = query('activity_progress', (q, { activityProgress }) =>
  q
    .select({ countedUntil: activityProgress.countedUntil })
    .from(activityProgress)
    .where(eq(activityProgress.name, param('name'))),
)

const nextEvent = query('next_audit_event', (q, { auditLogs }) =>
  q
    .select({ eventTime: auditLogs.eventTime })
    .from(auditLogs)
    .where(gte(auditLogs.eventTime, param('since')))
    .orderBy(asc(auditLogs.eventTime), asc(auditLogs.id))
    .limit(1),
)

const startProgress = write('start_activity_progress', (q, { activityProgress }) =>
  q.insert(activityProgress).values({ name: param('name'), countedUntil: param('until') }),
)

const moveProgress = write('move_activity_progress', (q, { activityProgress }) =>
  q
    .update(activityProgress)
    .set({ countedUntil: param('until') })
    .where(and(eq(activityProgress.name, param('name')), eq(activityProgress.countedUntil, param('from')))),
)

const addCount = write('add_activity_count', (q, { activityHours }) =>
  q
    .insert(activityHours)
    .values({ series: param('series'), hour: param('hour'), label: param('label'), count: param('count') })
    .onConflictDoUpdate({
      target: [activityHours.series, activityHours.hour, activityHours.label],
      set: { count: sql`${activityHours.count} + excluded.count` },
    }),
)

const forgetHours = write('forget_activity_hours', (q, { activityHours }) =>
  q.delete(activityHours).where(lt(activityHours.hour, param('before'))),
)

/** Where counting goes on; undefined while nothing has been counted yet. */
async function countedUntil(ctx: Pick<Context, 'db'>): Promise<number | undefined> {
  return (await ctx.db.one(progress, PROGRESS))?.countedUntil.getTime()
}

async function beginCounting(ctx: Context): Promise<number> {
  const since = ctx.clock.now() - KEPT_MS
  const oldest = await ctx.db.one(nextEvent, { since: new Date(since) })
  const start = hourOf(oldest?.eventTime.getTime() ?? ctx.clock.now())
  await commit(ctx, [run(startProgress, { ...PROGRESS, until: new Date(start) })])
  return start
}

/** Counts what is old enough to be complete, an hour at most in one commit. Hours in which nothing happened cost nothing. */
export async function countActivity(ctx: Context, signal: AbortSignal): Promise<void> {
  let from = (await countedUntil(ctx)) ?? (await beginCounting(ctx))
  while (!signal.aborted) {
    const complete = ctx.clock.now() - LATE_MS - (ctx.clock.now() % MINUTE_MS)
    if (complete <= from) break
    const next = await ctx.db.one(nextEvent, { since: new Date(from) })
    const start = Math.min(Math.max(from, hourOf(next?.eventTime.getTime() ?? complete)), complete)
    const until = Math.min(complete, hourOf(start) + HOUR_MS)
    const hour = new Date(hourOf(start))
    const counts = tally(await countBetween(ctx, start, until))
    await commit(ctx, [
      must(moveProgress, { ...PROGRESS, from: new Date(from), until: new Date(until) }, 'progress'),
      ...counts.map((entry) => run(addCount, { ...entry, hour })),
      run(forgetHours, { before: new Date(ctx.clock.now() - KEPT_MS) }),
    ])
    from = until
    await Bun.sleep(PAUSE_MS)
  }
}

export interface UncountedHour {
  readonly hour: number
  readonly counts: ReturnType<typeof tally>
}

/** What the job has not counted yet, by hour. */
export async function uncounted(ctx: Pick<Context, 'db' | 'clock'>): Promise<UncountedHour[]> {
  const end = now(ctx).getTime() + 1
  let from = Math.max((await countedUntil(ctx)) ?? 0, end - MOST_UNCOUNTED_MS)
  const hours: UncountedHour[] = []
  while (from < end) {
    const until = Math.min(hourOf(from) + HOUR_MS, end)
    hours.push({ hour: hourOf(from), counts: tally(await countBetween(ctx, from, until)) })
    from = until
  }
  return hours
}
