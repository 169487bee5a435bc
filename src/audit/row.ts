/** From an event to a row: request facts filled in, secrets masked, every text bounded and storable. */
import { type Context, now } from '../context'
import type { Tables } from '../db/tables'
import { type AuditEvent, EVENTS } from './events'
import { maskDetails, maskText } from './mask'

export type AuditRow = Tables['auditLogs']['$inferSelect']

const LIMITS = { id: 255, username: 255, action: 255, error: 1000, userAgent: 500, path: 500, method: 10 }

/** Without secrets, well-formed, without NUL (PostgreSQL stores none), at most `limit` characters; a cut is marked. */
function bounded(text: string | undefined, limit: number): string {
  if (text === undefined) return ''
  const clean = maskText(text).toWellFormed().replaceAll('\u0000', '\ufffd')
  return clean.length > limit ? `${clean.slice(0, limit - 3).toWellFormed()}...` : clean
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return bounded(value, 4000)
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [bounded(name, 255), storable(inner)]))
}

/** `at`: when it happened, where that is not now. */
export function auditRow(
  ctx: Pick<Context, 'clock' | 'random' | 'request'>,
  event: AuditEvent,
  at: Date = now(ctx),
): AuditRow {
  const { request } = ctx
  return {
    id: ctx.random.orderedUuid(),
    eventType: event.event,
    eventTime: at,
    severity: event.severity ?? EVENTS[event.event].severity,
    actorUserId: bounded(event.actor?.id, LIMITS.id),
    actorUsername: bounded(event.actor?.username, LIMITS.username),
    actorIp: bounded(request?.ip, 45),
    resourceType: event.resource?.type ?? '',
    resourceId: bounded(event.resource?.id, LIMITS.id),
    resourceName: bounded(event.resource?.name, LIMITS.username),
    clientId: bounded(event.clientId, LIMITS.id),
    action: bounded(event.action, LIMITS.action),
    details: event.details ? (storable(maskDetails(event.details)) as Record<string, unknown>) : null,
    success: event.success ?? true,
    errorMessage: bounded(event.errorMessage, LIMITS.error),
    userAgent: bounded(request?.userAgent, LIMITS.userAgent),
    requestPath: bounded(request?.path, LIMITS.path),
    requestMethod: request ? request.method.slice(0, LIMITS.method) : '',
    requestId: bounded(request?.id, LIMITS.id),
    createdAt: at,
  }
}
