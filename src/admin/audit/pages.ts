/** `/admin/audit`: the audit log as a time line, and the page of one event. */
import { t } from 'elysia'
import type { AuditEventView } from '../../../views/components/audit-entry'
import type { AuditField, AuditListView } from '../../../views/components/audit-filters'
import type { Messages } from '../../../views/messages'
import { type AuditStatisticsView, adminAuditPage } from '../../../views/pages/admin-audit'
import { adminAuditEventPage } from '../../../views/pages/admin-audit-event'
import { EVENT_TYPES, EVENTS, type EventGroup, RESOURCE_TYPES, SEVERITIES } from '../../audit/events'
import { type AuditFilter, filterParameters, rfc3339 } from '../../audit/filter'
import { findAuditRow, newestPlace, readAuditPage } from '../../audit/query'
import type { AuditRow } from '../../audit/row'
import { BEGINNING, endBefore, newestSeal } from '../../audit/seals/records'
import { newestStatistics } from '../../audit/statistics'
import type { Context, RequestContext } from '../../context'
import { isUnavailable, logFailure } from '../../edge/failures'
import { page, pageFrame } from '../../edge/page'
import { PageError } from '../../edge/page-error'
import { adminSurface } from '../../edge/surfaces/admin'
import type { BrowserSession } from '../../identity/sessions'
import { type EventNames, eventNames } from '../event-names'
import { recordView } from './recorded'
import { AUDIT_PAGE_SIZES, AUDIT_PATH, type AuditRequest, parametersOf, placeText, readAuditRequest } from './request'

const anyFields = t.Object({}, { additionalProperties: true })

export const auditPages = (context: Context) =>
  adminSurface(context)
    .get(
      AUDIT_PATH,
      async ({ ctx, session, request }) => {
        try {
          return await auditLog(ctx, session, readAuditRequest(parametersOf(request), ctx.clock.now()))
        } catch (error) {
          if (isUnavailable(error)) throw error
          logFailure(ctx, request, error)
          throw new PageError(500, (m) => m.audit.failed)
        }
      },
      { query: anyFields, response: t.Any() },
    )
    .get(
      `${AUDIT_PATH}/events/:id`,
      async ({ ctx, session, params }) => {
        // PostgreSQL takes no NUL, and no id has one.
        const row = params.id.includes('\u0000') ? undefined : await findAuditRow(ctx, params.id)
        if (!row) throw new PageError(404, (m) => m.audit.notFound)
        recordView(ctx, session, 'Viewed an audit event', { filter: { resourceId: row.id } })
        const view = eventView(row, (await eventNames(ctx, [row]))(row))
        return page(adminAuditEventPage(pageFrame(ctx, session), view))
      },
      { params: t.Object({ id: t.String() }), response: t.Any() },
    )

async function auditLog(ctx: RequestContext, session: BrowserSession, asked: AuditRequest): Promise<Response> {
  const { filter } = asked
  const upTo = asked.upTo ?? (await newestPlace(ctx))
  const [found, statistics, seal, sealedEnd] = await Promise.all([
    readAuditPage(ctx, filter, { page: asked.page, pageSize: asked.pageSize, quick: true, ...(upTo && { upTo }) }),
    asked.page === 1 ? statisticsOf(ctx, filter) : undefined,
    newestSeal(ctx),
    endBefore(ctx, Number.MAX_SAFE_INTEGER),
  ])
  recordView(ctx, session, 'Viewed audit logs', { filter, numbers: asked })
  const namesOf = await eventNames(ctx, found.rows)
  const frame = pageFrame(ctx, session)
  const backwards = filter.startTime && filter.endTime && filter.startTime > filter.endTime
  const problem = asked.badTime ? 'badTime' : backwards ? 'backwards' : undefined
  const query = new URLSearchParams(filterParameters(filter)).toString()
  return page(
    adminAuditPage(frame, {
      list: listView(frame.t, asked, upTo && placeText(upTo)),
      events: found.rows.map((row) => eventView(row, namesOf(row))),
      listed: found,
      ...(found.searchedTo && { further: { from: filter.startTime, until: found.searchedTo } }),
      ...(statistics && { statistics }),
      exportHref: `${frame.basePath}${AUDIT_PATH}/export${query === '' ? '' : `?${query}`}`,
      enabled: ctx.settings.ENABLE_AUDIT_LOGGING,
      ...(seal && sealedEnd !== BEGINNING && { sealed: { until: sealedEnd.time, batch: seal.number } }),
      ...(problem && { problem }),
    }),
  )
}

/** Of the chosen stretch of time, whatever else is filtered; without one, of all there is. Of a long one, its newest part. */
async function statisticsOf(ctx: RequestContext, { startTime, endTime }: AuditFilter): Promise<AuditStatisticsView> {
  const counted = await newestStatistics(ctx, { ...(startTime && { startTime }), ...(endTime && { endTime }) })
  const from = counted.from ?? startTime
  const bySeverity = new Map(counted.bySeverity)
  return {
    ...(from && { from }),
    until: endTime ?? new Date(ctx.clock.now()),
    total: counted.total,
    failures: counted.total - counted.successes,
    warnings: (bySeverity.get('WARNING') ?? 0) + (bySeverity.get('ERROR') ?? 0),
    critical: bySeverity.get('CRITICAL') ?? 0,
    byType: counted.byType,
  }
}

function listView({ audit: m }: Messages, asked: AuditRequest, asOf: string | undefined): AuditListView {
  const { filter, period } = asked
  const parameters = filterParameters(period === '' ? filter : withoutStart(filter))
  const { search = '', ...filters } = Object.fromEntries(parameters)
  return {
    path: AUDIT_PATH,
    state: { search, filters: { ...filters, period, as_of: asOf }, pageSize: asked.pageSize },
    pageSizes: AUDIT_PAGE_SIZES,
    chips: [
      ...parameters.map(([name, value]) => ({ name: name as AuditField, value: chipText(m, name, value) })),
      ...(period === '' ? [] : [{ name: 'period' as const, value: period }]),
    ],
    eventGroups: eventGroups(),
    severities: SEVERITIES,
    resourceTypes: RESOURCE_TYPES,
    times: { start: period === '' ? fieldTime(filter.startTime) : '', end: fieldTime(filter.endTime) },
    period,
  }
}

const withoutStart = ({ startTime: _, ...rest }: AuditFilter): AuditFilter => rest

/** A choice is shown as it stands in its field. */
function chipText(m: Messages['audit'], name: string, value: string): string {
  const labels: Readonly<Record<string, string>> = Object.fromEntries([
    ...(name === 'event_type' ? Object.entries(m.types).map(([type, { label }]) => [type, label]) : []),
    ...(name === 'severity' ? Object.entries(m.severities) : []),
    ...(name === 'success' ? Object.entries(m.outcomes) : []),
    ...(name === 'resource_type' ? Object.entries(m.resources) : []),
  ])
  return Object.hasOwn(labels, value) ? (labels[value] ?? value) : value
}

/** As a field for local times takes it; the page says that it means UTC. */
const fieldTime = (time: Date | undefined): string => (time ? rfc3339(time).replace('Z', '') : '')

function eventGroups(): AuditListView['eventGroups'] {
  const groups = new Map<EventGroup, string[]>()
  for (const type of EVENT_TYPES) {
    const { group } = EVENTS[type]
    groups.set(group, [...(groups.get(group) ?? []), type])
  }
  return [...groups].map(([group, types]) => ({ group, types }))
}

const RESOURCE_PAGES: Readonly<Record<string, (id: string) => string>> = {
  USER: (id) => `/admin/users/${encodeURIComponent(id)}`,
  CLIENT: (id) => `/admin/clients/${encodeURIComponent(id)}`,
  TOKEN: (id) => `/admin/tokens/${encodeURIComponent(id)}`,
  SIGNING_KEY: () => '/admin/keys',
}

/** The page of what was acted on, where it has one. */
function resourcePath(type: string, id: string): { readonly resourcePath?: string } {
  const pathOf = Object.hasOwn(RESOURCE_PAGES, type) && id !== '' ? RESOURCE_PAGES[type] : undefined
  return pathOf ? { resourcePath: pathOf(id) } : {}
}

function eventView(row: AuditRow, { actor, actingClientId, clientName }: EventNames): AuditEventView {
  const { actorUserId: actorId, resourceType, resourceId } = row
  const userPath = (id: string) => `/admin/users/${encodeURIComponent(id)}`
  const clientPath = (id: string) => `/admin/clients/${encodeURIComponent(id)}`
  const actorPath = actingClientId ? clientPath(actingClientId) : userPath(actorId)
  return {
    id: row.id,
    at: row.eventTime,
    eventType: row.eventType,
    severity: row.severity,
    action: row.action,
    success: row.success,
    problem: row.errorMessage,
    actor,
    actorId,
    ...(actorId !== '' && { actorPath }),
    address: row.actorIp,
    resourceType,
    resourceId,
    resourceName: row.resourceName,
    ...resourcePath(resourceType, resourceId),
    clientId: row.clientId,
    clientName,
    ...(row.clientId !== '' && { clientPath: clientPath(row.clientId) }),
    method: row.requestMethod,
    requestPath: row.requestPath,
    requestId: row.requestId,
    userAgent: row.userAgent,
    details: row.details ? JSON.stringify(row.details, undefined, 2) : '',
  }
}
