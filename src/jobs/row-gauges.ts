/** Counts rows for the gauges. Only what the database says is shown, so gauges neither drift nor depend on a restart. */
import { and, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, type Query, query } from '../db/definitions'
import type { Tables } from '../db/tables'
import { isFinished } from '../identity/session-records'
import type { MetricName } from '../metrics/catalogue'

interface RowGauge {
  readonly metric: MetricName
  readonly labels?: Readonly<Record<string, string>>
  readonly count: Query<{ count: number }>
  /** Key of the count that processes share. */
  readonly shared: string
}

const count = sql<number>`count(*)`.mapWith(Number)

const liveTokens = (category: 'access' | 'refresh'): RowGauge => ({
  metric: 'oauth_tokens_active',
  labels: { token_type: category },
  shared: `tokens:${category}`,
  count: query(`count_${category}_tokens`, (q, { accessTokens }) =>
    q
      .select({ count })
      .from(accessTokens)
      .where(
        and(
          gt(accessTokens.expiresAt, param('now')),
          eq(accessTokens.status, 'active'),
          eq(accessTokens.tokenCategory, category),
        ),
      ),
  ),
})

/** Codes that can still become tokens. */
const liveCodes = (name: string, only?: (t: Tables) => SQL): Query<{ count: number }> =>
  query(name, (q, t) =>
    q
      .select({ count })
      .from(t.deviceCodes)
      .where(
        and(
          gt(t.deviceCodes.expiresAt, param('now')),
          isNull(t.deviceCodes.consumedAt),
          isNull(t.deviceCodes.deniedAt),
          only?.(t),
        ),
      ),
  )

/** Names of the queries are the `operation` of `database_query_errors_total`. */
export const ROW_GAUGES: readonly RowGauge[] = [
  liveTokens('access'),
  liveTokens('refresh'),
  { metric: 'oauth_device_codes_active', shared: 'devices:total', count: liveCodes('count_total_device_codes') },
  {
    metric: 'oauth_device_codes_pending_authorization',
    shared: 'devices:pending',
    count: liveCodes('count_pending_device_codes', ({ deviceCodes }) => isNull(deviceCodes.authorizedAt)),
  },
  {
    metric: 'sessions_active',
    shared: 'sessions:active',
    count: query('count_sessions', (q, t) =>
      q
        .select({ count })
        .from(t.sessions)
        .where(
          and(
            gt(t.sessions.expiresAt, param('now')),
            or(eq(t.sessions.remember, true), gt(t.sessions.lastSeenAt, param('idleSince'))),
            isFinished(t),
          ),
        ),
    ),
  },
]

function countParameters(ctx: Context): Record<string, Date> {
  const at = now(ctx)
  const idleMs = ctx.settings.SESSION_IDLE_TIMEOUT * 1000
  return { now: at, idleSince: idleMs > 0 ? new Date(at.getTime() - idleMs) : new Date(0) }
}

const SAME_FAILURE_MS = 5 * 60_000

/** A failed count leaves its gauge at the last value; it is logged at most once in five minutes. */
export function createRowGauges(ctx: Context): () => Promise<void> {
  const loggedAt = new Map<string, number>()

  const failed = (operation: string, error: unknown) => {
    ctx.metrics.count('database_query_errors_total', { operation })
    const at = ctx.clock.now()
    if (at - (loggedAt.get(operation) ?? Number.NEGATIVE_INFINITY) < SAME_FAILURE_MS) return
    loggedAt.set(operation, at)
    ctx.log.error({ operation, reason: (error as Error).message }, 'Rows for a gauge could not be counted')
  }

  return async () => {
    // One after the other: counting must not take connections from requests.
    for (const gauge of ROW_GAUGES) {
      try {
        const fetch = async () => (await ctx.db.one(gauge.count, countParameters(ctx)))?.count ?? 0
        const counted = await (ctx.caches.metrics ? ctx.caches.metrics.get(gauge.shared, fetch) : fetch())
        ctx.metrics.set(gauge.metric, counted ?? 0, gauge.labels)
      } catch (error) {
        failed(gauge.count.name, error)
      }
    }
  }
}
