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

/** What leads to few records through an index of its own, the fewest first as far as can be told beforehand. */
const LEADS = ['resourceId', 'actorUserId', 'success', 'severity', 'actorIp', 'clientId', 'eventType'] as const

/** Most records are successes and no more than information: an index would find nearly all of them. */
const isOrdinary = ({ success, severity }: AuditFilter, name: string): boolean =>
  (name === 'success' && success === true) || (name === 'severity' && severity === 'INFO')

/** One index finds what `lead` asks for, in the order of the trail; `rest` is to be checked on what it finds. */
export interface SplitFilter {
  readonly lead: AuditFilter
  readonly rest: AuditFilter
  /** Records are found without looking at many that do not match. */
  readonly direct: boolean
  /** What `lead` finds does not lie together. */
  readonly scattered: boolean
}

export function splitFilter({ startTime, endTime, ...asked }: AuditFilter): SplitFilter {
  const names = Object.keys(asked).filter((name) => asked[name as keyof typeof asked] !== undefined)
  const lead = LEADS.find((name) => names.includes(name) && !isOrdinary(asked, name))
  const others = names.filter((name) => name !== lead)
  const of = (some: readonly string[]): AuditFilter =>
    Object.fromEntries(Object.entries(asked).filter(([name]) => some.includes(name)))
  return {
    lead: { ...(startTime && { startTime }), ...(endTime && { endTime }), ...of(lead ? [lead] : []) },
    rest: of(others),
    scattered: lead !== undefined,
    direct: others.length === 0 || (others.length === 1 && !lead && others.every((name) => isOrdinary(asked, name))),
  }
}

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

/** Columns that are filtered by. */
export const filteredColumns = ({ auditLogs: rows }: Tables) => ({
  ...{ eventType: rows.eventType, severity: rows.severity, success: rows.success, actorUserId: rows.actorUserId },
  ...{ resourceType: rows.resourceType, resourceId: rows.resourceId, clientId: rows.clientId, actorIp: rows.actorIp },
  ...{ requestId: rows.requestId, action: rows.action, resourceName: rows.resourceName },
  ...{ actorUsername: rows.actorUsername, eventTime: rows.eventTime },
})

export function conditions(t: Tables, filter: AuditFilter, { upTo, before, from }: Bounds): SQL | undefined {
  return and(
    matches(filteredColumns(t), filter),
    upTo && compare(t, '<=', upTo),
    before && compare(t, '<', before),
    from && compare(t, '>=', from),
  )
}

export function matches(rows: ReturnType<typeof filteredColumns>, filter: AuditFilter): SQL | undefined {
  const { eventType, severity, success, search, startTime, endTime } = filter
  const pattern = search === undefined ? '' : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const contains = (column: typeof rows.action) => sql`lower(${column}) like lower(${pattern}) escape '\\'`
  const equal = ['actorUserId', 'resourceType', 'resourceId', 'clientId', 'actorIp', 'requestId'] as const
  return and(
    eventType === undefined ? undefined : eq(rows.eventType, eventType),
    // Written as the partial indexes are, so that the planner recognises them.
    severity === undefined || severity === 'INFO' ? undefined : sql`${rows.severity} <> 'INFO'`,
    severity === undefined ? undefined : sql`${rows.severity} = ${severity}`,
    success === undefined ? undefined : success ? eq(rows.success, true) : sql`not ${rows.success}`,
    ...equal.map((name) => (filter[name] === undefined ? undefined : eq(rows[name], filter[name]))),
    search === undefined
      ? undefined
      : or(contains(rows.action), contains(rows.resourceName), contains(rows.actorUsername)),
    startTime && gte(rows.eventTime, startTime),
    endTime && lte(rows.eventTime, endTime),
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
