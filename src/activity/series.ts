/** What is counted of the audit trail, for charts. */
import { EVENT_TYPES, type EventType } from '../audit/events'
import { issuedVia } from '../tokens/events'

/** Access tokens by the grant they were issued for. */
export const ISSUED = [
  'issued.device_code',
  'issued.authorization_code',
  'issued.client_credentials',
  'issued.refresh_token',
  'issued.other',
] as const
export const LOGINS = ['login.success', 'login.failure'] as const

export type PlainSeries = (typeof ISSUED)[number] | (typeof LOGINS)[number]
/** Issued access tokens by client; the label is the client's id. */
export const BY_CLIENT = 'issued_to_client'

/** Equal events of one stretch of time. */
export interface CountedEvent {
  readonly eventType: string
  readonly success: boolean
  readonly action: string
  readonly clientId: string
  readonly count: number
}

const COUNTED = new Set<EventType>([
  ...(['ACCESS_TOKEN_ISSUED', 'CLIENT_CREDENTIALS_TOKEN_ISSUED', 'TOKEN_REFRESHED'] as const),
  ...(['AUTHENTICATION_SUCCESS', 'AUTHENTICATION_FAILURE', 'OAUTH_AUTHENTICATION'] as const),
])

export const COUNTED_EVENTS: readonly EventType[] = EVENT_TYPES.filter((type) => COUNTED.has(type))

function seriesOf({ eventType, success, action }: CountedEvent): PlainSeries | undefined {
  switch (eventType) {
    case 'ACCESS_TOKEN_ISSUED':
      if (!success) return undefined
      if (action.endsWith(issuedVia('device_code'))) return 'issued.device_code'
      return action.endsWith(issuedVia('authorization_code')) ? 'issued.authorization_code' : 'issued.other'
    case 'CLIENT_CREDENTIALS_TOKEN_ISSUED':
      return success ? 'issued.client_credentials' : undefined
    case 'TOKEN_REFRESHED':
      return success ? 'issued.refresh_token' : undefined
    case 'AUTHENTICATION_FAILURE':
      return 'login.failure'
    case 'AUTHENTICATION_SUCCESS':
    case 'OAUTH_AUTHENTICATION':
      return success ? 'login.success' : 'login.failure'
  }
  return undefined
}

export interface Tally {
  readonly series: string
  readonly label: string
  readonly count: number
}

/** One entry for each series and label that occurs. */
export function tally(events: readonly CountedEvent[]): Tally[] {
  const counts = new Map<string, Tally>()
  const add = (series: string, label: string, count: number) => {
    const key = `${series} ${label}`
    counts.set(key, { series, label, count: (counts.get(key)?.count ?? 0) + count })
  }
  for (const event of events) {
    const series = seriesOf(event)
    if (series === undefined) continue
    add(series, '', event.count)
    if (series.startsWith('issued.') && event.clientId !== '') add(BY_CLIENT, event.clientId, event.count)
  }
  return [...counts.values()]
}
