/** Audit records as CSV (RFC 4180 with LF line ends) and as JSON. */
import { rfc3339 } from './filter'
import type { AuditRow } from './row'

export const CSV_HEADER =
  'Event Time,Event Type,Severity,Actor Username,Actor IP,Resource Type,Resource Name,Action,Success,Error Message\n'

/** One line per record. */
export const csvLine = (row: AuditRow): string =>
  `${[
    ...[row.eventTime.toISOString().replace(/\.\d+Z$/, 'Z'), row.eventType, row.severity],
    ...[row.actorUsername, row.actorIp, row.resourceType, row.resourceName],
    ...[row.action, row.success ? 'Yes' : 'No', row.errorMessage],
  ]
    .map(cell)
    .join(',')}\n`

/** What spreadsheets take for a formula is text after an apostrophe; quotes and line breaks stay in their cell. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /^ |[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** A record as the JSON API shows it: empty texts of the request are left out. */
export const auditJson = (row: AuditRow) => ({
  id: row.id,
  event_type: row.eventType,
  event_time: rfc3339(row.eventTime),
  severity: row.severity,
  actor_user_id: row.actorUserId,
  actor_username: row.actorUsername,
  actor_ip: row.actorIp,
  resource_type: row.resourceType,
  resource_id: row.resourceId,
  resource_name: row.resourceName,
  action: row.action,
  details: row.details,
  success: row.success,
  ...(row.errorMessage && { error_message: row.errorMessage }),
  ...(row.userAgent && { user_agent: row.userAgent }),
  ...(row.requestPath && { request_path: row.requestPath }),
  ...(row.requestMethod && { request_method: row.requestMethod }),
  ...(row.clientId && { client_id: row.clientId }),
  ...(row.requestId && { request_id: row.requestId }),
  created_at: rfc3339(row.createdAt),
})
