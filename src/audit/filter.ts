/** What a reader of the audit trail asked for, from query parameters that may hold anything. */

export interface AuditFilter {
  readonly eventType?: string
  readonly severity?: string
  readonly success?: boolean
  readonly actorUserId?: string
  readonly resourceType?: string
  readonly resourceId?: string
  readonly clientId?: string
  readonly actorIp?: string
  readonly requestId?: string
  /** Part of the action, the resource's name or the actor's name, in any case. */
  readonly search?: string
  /** Inclusive. */
  readonly startTime?: Date
  /** Inclusive. */
  readonly endTime?: Date
}

/** Filters that are compared as they are, by the name of their query parameter. */
const TEXTS = {
  event_type: 'eventType',
  severity: 'severity',
  actor_user_id: 'actorUserId',
  resource_type: 'resourceType',
  resource_id: 'resourceId',
  client_id: 'clientId',
  actor_ip: 'actorIp',
  request_id: 'requestId',
  search: 'search',
} as const satisfies Readonly<Record<string, keyof AuditFilter>>

/** No column that is compared holds more; PostgreSQL refuses NUL in any text. */
const LONGEST = 500
const storable = (text: string): string => text.slice(0, LONGEST).toWellFormed().replaceAll('\u0000', '\ufffd')

/** Never throws: values that nothing has match nothing, and times that are none do not count. */
export function readAuditFilter(query: URLSearchParams): AuditFilter {
  const texts = Object.entries(TEXTS).flatMap(([parameter, name]) => {
    const text = query.get(parameter) ?? ''
    return text === '' ? [] : [[name, storable(text)]]
  })
  const success = query.get('success') ?? ''
  const startTime = readTime(query.get('start_time') ?? '')
  const endTime = readTime(query.get('end_time') ?? '')
  return {
    ...(Object.fromEntries(texts) as Pick<AuditFilter, (typeof TEXTS)[keyof typeof TEXTS]>),
    ...(success !== '' && { success: success === 'true' }),
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
  }
}

/** RFC 3339, with the zone left out meaning UTC, as browsers send what was entered in a form. A lost `+` is a blank. */
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:([Zz])|([+\- ])(\d{2}):(\d{2}))?)?$/

/** Times that every database can write. */
const FIRST = Date.parse('0001-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/** Undefined for what is no time. A date alone is its first moment. */
export function readTime(text: string): Date | undefined {
  const match = TIME.exec(text)
  if (!match) return undefined
  const [
    ,
    year,
    month,
    day,
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    ,
    sign,
    offsetHour,
    offsetMinute,
  ] = match
  const milliseconds = `${fraction}000`.replace(/^\./, '').padEnd(3, '0').slice(0, 3)
  const zone = offsetHour === undefined ? 'Z' : `${sign === '-' ? '-' : '+'}${offsetHour}:${offsetMinute}`
  // A leap second is the last one of its minute.
  const time = new Date(
    `${year}-${month}-${day}T${hour}:${minute}:${second === '60' ? '59' : second}.${milliseconds}${zone}`,
  )
  const exists =
    !Number.isNaN(time.getTime()) && Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return exists ? new Date(Math.min(Math.max(time.getTime(), FIRST), LAST)) : undefined
}

/** `2026-01-31T09:30:00Z`, with a fraction only where there is one. */
export const rfc3339 = (time: Date): string => time.toISOString().replace(/\.?0+Z$/, 'Z')

/** The filter as query parameters, to be carried on. */
export function filterParameters(filter: AuditFilter): [name: string, value: string][] {
  const texts = Object.entries(TEXTS).flatMap(([parameter, name]): [string, string][] => {
    const text = filter[name]
    return text === undefined ? [] : [[parameter, text]]
  })
  return [
    ...texts,
    ...(filter.success === undefined ? [] : [['success', String(filter.success)] as [string, string]]),
    ...(filter.startTime ? [['start_time', rfc3339(filter.startTime)] as [string, string]] : []),
    ...(filter.endTime ? [['end_time', rfc3339(filter.endTime)] as [string, string]] : []),
  ]
}

/** The filter as it is recorded with a view or an export. */
export const recordedFilter = (filter: AuditFilter): Record<string, unknown> => ({
  ...Object.fromEntries(filterParameters(filter)),
  ...(filter.success !== undefined && { success: filter.success }),
})
