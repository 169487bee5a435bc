/** `/admin`: what the server does, and what waits for an administrator. */
import { desc } from 'drizzle-orm'
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { adminDashboardPage, type DashboardProps } from '../../views/pages/admin-dashboard'
import { PERIODS, readActivity } from '../activity/charts'
import type { Context, RequestContext } from '../context'
import { query } from '../db/definitions'
import { page, pageFrame } from '../edge/page'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { version } from '../version'
import { COUNT_LIMIT, readCounters } from './counters'
import { eventViews } from './user-views'
import { type OperatorWarning, readWarnings } from './warnings'

const RECENT = 10
const DAY_MS = 86_400_000

const newestEvents = query('newest_audit_events', (q, { auditLogs }) =>
  q.select().from(auditLogs).orderBy(desc(auditLogs.eventTime), desc(auditLogs.id)).limit(RECENT),
)

export const adminDashboard = (context: Context) =>
  adminSurface(context).get('/admin', ({ ctx, session, query: asked }) => dashboard(ctx, session, asked.period), {
    query: t.Object({ period: t.Optional(t.String()) }),
    response: t.Any(),
  })

async function dashboard(ctx: RequestContext, session: BrowserSession, asked: string | undefined): Promise<Response> {
  const period = PERIODS.find((each) => each === asked) ?? '24h'
  const [counters, activity, warnings, events] = await Promise.all([
    readCounters(ctx),
    ctx.settings.ENABLE_AUDIT_LOGGING ? readActivity(ctx, period) : undefined,
    readWarnings(ctx),
    ctx.db.all(newestEvents),
  ])
  const frame = pageFrame(ctx, session)
  const html = adminDashboardPage(frame, {
    counters,
    countLimit: COUNT_LIMIT,
    period,
    periods: PERIODS,
    ...(activity && { activity }),
    warnings: warnings.map((warning) => warningText(frame.t, warning)),
    events: await eventViews(ctx, events),
    health: health(ctx, frame.t),
  })
  return page(html)
}

function warningText({ dashboard: m }: Messages, warning: OperatorWarning): string {
  return warning.kind === 'initial_passwords'
    ? m.warning.initial_passwords(warning.usernames.join(', '))
    : m.warning[warning.kind]
}

function health(ctx: RequestContext, { dashboard: m }: Messages): DashboardProps['health'] {
  const { settings, db, keys } = ctx
  const kept = settings.AUDIT_LOG_RETENTION
  const limits = settings.ENABLE_RATE_LIMIT ? m.limits[settings.RATE_LIMIT_STORE] : m.limits.off
  const trail = kept > 0 ? m.auditKept(Math.round(kept / DAY_MS)) : m.auditForever
  return [
    { name: m.healthRows.version, value: version },
    { name: m.healthRows.database, value: m.databases[db.dialect] },
    { name: m.healthRows.signing, value: keys.alg },
    { name: m.healthRows.limits, value: limits },
    { name: m.healthRows.audit, value: settings.ENABLE_AUDIT_LOGGING ? trail : m.off },
  ]
}
