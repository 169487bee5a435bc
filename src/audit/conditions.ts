/** What a filter of the audit trail asks of a record, in the order of the trail and as its indexes are made. */
import { and, desc, eq, gte, lte, or, type SQL, sql } from 'drizzle-orm'
import { databaseError } from '../db/errors'
import type { Tables } from '../db/tables'
import type { AuditFilter } from './filter'

/** Place of a record in the order of the trail. */
export interface Place {
  readonly time: Date
  readonly id: string
}

/** Whether the records can be found without looking at those that do not match, but for a few. */
export const hasIndex = ({ search, resourceType, requestId }: AuditFilter): boolean =>
  search === undefined && resourceType === undefined && requestId === undefined

export interface Bounds {
  /** Inclusive. */
  readonly upTo?: Place
  /** Exclusive. */
  readonly before?: Place
  /** Inclusive. */
  readonly from?: Place
}

export const newestFirst = ({ auditLogs }: Tables) => [desc(auditLogs.eventTime), desc(auditLogs.id)] as const

function compare({ auditLogs }: Tables, operator: '<' | '<=' | '>=', place: Place): SQL {
  const time = sql`${sql.param(place.time, auditLogs.eventTime)}`
  return sql`(${auditLogs.eventTime}, ${auditLogs.id}) ${sql.raw(operator)} (${time}, ${place.id})`
}

export function conditions(t: Tables, filter: AuditFilter, bounds: Bounds): SQL | undefined {
  return and(indexedConditions(t, filter, bounds), residualConditions(t, filter))
}

export function indexedConditions(t: Tables, filter: AuditFilter, { upTo, before, from }: Bounds): SQL | undefined {
  const { auditLogs: rows } = t
  const { eventType, severity, success, actorUserId, resourceId, clientId, actorIp, startTime, endTime } = filter
  return and(
    eventType === undefined ? undefined : eq(rows.eventType, eventType),
    // Written as the partial indexes are, so that the planner recognises them.
    severity === undefined || severity === 'INFO' ? undefined : sql`${rows.severity} <> 'INFO'`,
    severity === undefined ? undefined : sql`${rows.severity} = ${severity}`,
    success === undefined ? undefined : success ? eq(rows.success, true) : sql`not ${rows.success}`,
    actorUserId === undefined ? undefined : eq(rows.actorUserId, actorUserId),
    resourceId === undefined ? undefined : eq(rows.resourceId, resourceId),
    clientId === undefined ? undefined : eq(rows.clientId, clientId),
    actorIp === undefined ? undefined : eq(rows.actorIp, actorIp),
    startTime && gte(rows.eventTime, startTime),
    endTime && lte(rows.eventTime, endTime),
    upTo && compare(t, '<=', upTo),
    before && compare(t, '<', before),
    from && compare(t, '>=', from),
  )
}

export function residualConditions({ auditLogs: rows }: Tables, filter: AuditFilter): SQL | undefined {
  const { search, resourceType, requestId } = filter
  const pattern = search === undefined ? '' : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const contains = (column: typeof rows.action) => sql`lower(${column}) like lower(${pattern}) escape '\\'`
  return and(
    resourceType === undefined ? undefined : eq(rows.resourceType, resourceType),
    requestId === undefined ? undefined : eq(rows.requestId, requestId),
    search === undefined
      ? undefined
      : or(contains(rows.action), contains(rows.resourceName), contains(rows.actorUsername)),
  )
}

/** Also of reads that are built per call: what a driver throws stays in the database layer. */
export async function answered<T>(reading: PromiseLike<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw databaseError(error, 'audit_trail')
  }
}
