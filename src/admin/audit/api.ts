/** `/admin/audit/api` and `/admin/audit/api/stats`: the audit log as JSON. */
import { t } from 'elysia'
import { readAuditFilter, rfc3339 } from '../../audit/filter'
import { auditJson } from '../../audit/formats'
import { type AuditPage, readAuditPage } from '../../audit/query'
import { auditStatistics } from '../../audit/statistics'
import type { Context, RequestContext } from '../../context'
import { isUnavailable, logFailure } from '../../edge/failures'
import { dataHeaders } from '../../edge/security-headers'
import { adminApiSurface } from '../../edge/surfaces/admin'
import type { BrowserSession } from '../../identity/sessions'
import { recordView } from './recorded'
import { AUDIT_PATH, parametersOf, readPageNumbers } from './request'

const anyFields = t.Object({}, { additionalProperties: true })
const DEFAULT_RANGE_MS = 30 * 24 * 3_600_000
/** How an end that was left open is shown. */
const ZERO_TIME = '0001-01-01T00:00:00Z'

export const auditApi = (context: Context) =>
  adminApiSurface(context)
    .get(
      `${AUDIT_PATH}/api`,
      ({ ctx, session, request }) =>
        orFailure(ctx, request, 'Failed to retrieve audit logs', () => list(ctx, session, parametersOf(request))),
      { query: anyFields, response: t.Any() },
    )
    .get(
      `${AUDIT_PATH}/api/stats`,
      ({ ctx, session, request }) =>
        orFailure(ctx, request, 'Failed to retrieve audit log statistics', () =>
          statistics(ctx, session, parametersOf(request)),
        ),
      { query: anyFields, response: t.Any() },
    )

async function list(ctx: RequestContext, session: BrowserSession, query: URLSearchParams) {
  const filter = readAuditFilter(query)
  const numbers = readPageNumbers(query)
  const found = await readAuditPage(ctx, filter, numbers)
  recordView(ctx, session, 'Viewed audit logs', { filter, numbers })
  return { logs: found.rows.map(auditJson), pagination: paginationOf(found) }
}

const paginationOf = ({ total, pages, page, pageSize }: AuditPage) => ({
  Total: total,
  TotalPages: pages,
  CurrentPage: page,
  PageSize: pageSize,
  HasPrev: page > 1,
  HasNext: page < pages,
  PrevPage: Math.max(page - 1, 1),
  NextPage: Math.min(page + 1, pages),
})

async function statistics(ctx: RequestContext, session: BrowserSession, query: URLSearchParams) {
  const given = readAuditFilter(query)
  const now = ctx.clock.now()
  const range =
    given.startTime || given.endTime
      ? { ...(given.startTime && { startTime: given.startTime }), ...(given.endTime && { endTime: given.endTime }) }
      : { startTime: new Date(now - DEFAULT_RANGE_MS), endTime: new Date(now) }
  const counted = await auditStatistics(ctx, range)
  recordView(ctx, session, 'Viewed audit log statistics', { filter: range })
  return {
    stats: {
      total_events: counted.total,
      events_by_type: Object.fromEntries(counted.byType),
      events_by_severity: Object.fromEntries(counted.bySeverity),
      success_count: counted.successes,
      failure_count: counted.total - counted.successes,
    },
    start_time: range.startTime ? rfc3339(range.startTime) : ZERO_TIME,
    end_time: range.endTime ? rfc3339(range.endTime) : ZERO_TIME,
  }
}

/** A failing read has the text its callers know; a database that is away is the surface's to answer. */
async function orFailure<T>(ctx: RequestContext, request: Request, text: string, work: () => Promise<T>) {
  try {
    return await work()
  } catch (error) {
    if (isUnavailable(error)) throw error
    logFailure(ctx, request, error)
    return failureAnswer(ctx, text)
  }
}

export const failureAnswer = (ctx: RequestContext, text: string): Response =>
  new Response(JSON.stringify({ error: text }), {
    status: 500,
    headers: {
      ...dataHeaders(ctx.settings),
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
    },
  })
