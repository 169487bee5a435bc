/** Audit records, word for word; what must not be read in a trail is masked as in new records. */
import { maskDetails } from '../audit/mask'
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import type { Work } from './work'

type AuditRow = NewRow<'auditLogs'>

export async function convertAuditRows(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const records = rows.map((row) => auditRowOf(row, work))
  await work.store.insert('auditLogs', records)
  work.report.kept('audit_logs', records.length)
}

function auditRowOf(row: ExistingRow, work: Work): AuditRow {
  const id = readText(row.id) || crypto.randomUUID()
  const notes = work.report.of('audit_logs')
  const fields = fieldsOf(row, id, notes)
  const severity = fields.oneOf(
    'severity',
    ['INFO', 'WARNING', 'ERROR', 'CRITICAL'],
    'INFO',
    'it is INFO, and the details name the former one',
  )
  const details = detailsOf(
    row,
    id,
    work,
    severity === fields.text('severity').trim() ? {} : { severity: fields.text('severity') },
  )
  const eventTime = fields.timeOf(['event_time', 'created_at'], work.startedAt)
  const [resourceType, resourceId] = [fields.text('resource_type'), fields.text('resource_id')]
  return {
    id,
    eventType: fields.text('event_type'),
    eventTime,
    severity,
    actorUserId: fields.text('actor_user_id'),
    actorUsername: fields.text('actor_username'),
    actorIp: fields.text('actor_ip'),
    resourceType,
    resourceId,
    resourceName: fields.text('resource_name'),
    clientId: typeof details?.client_id === 'string' ? details.client_id : resourceType === 'CLIENT' ? resourceId : '',
    action: fields.text('action'),
    details,
    success: fields.flag('success'),
    errorMessage: fields.text('error_message'),
    userAgent: fields.text('user_agent'),
    requestPath: fields.text('request_path'),
    requestMethod: fields.text('request_method'),
    requestId: '',
    createdAt: fields.timeOf(['created_at'], eventTime),
  }
}

function detailsOf(
  row: ExistingRow,
  id: string,
  work: Work,
  added: Readonly<Record<string, unknown>>,
): Record<string, unknown> | null {
  const notes = work.report.of('audit_logs')
  const value = fieldsOf(row, id, notes).json('details')
  const read = objectOf(value ?? (value === null ? null : { unreadable: readText(row.details) }))
  if (value === undefined) notes.changed('the details are no JSON; they are kept as one text', id)
  if (read === null) return Object.keys(added).length > 0 ? { ...added } : null
  const masked = maskDetails(read)
  if (!Bun.deepEquals(masked, read)) notes.changed('codes and secrets in the details are masked', id)
  return { ...masked, ...added }
}

function objectOf(value: unknown): Record<string, unknown> | null {
  if (value === null) return null
  return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : { value }
}
