/** What the audit log is asked for by its address. */

import type { Place } from '../../audit/conditions'
import { type AuditFilter, readAuditFilter } from '../../audit/filter'

export const AUDIT_PATH = '/admin/audit'
export const AUDIT_PAGE_SIZES = [20, 50, 100] as const

/** Lengths of time before now, in milliseconds. */
const PERIODS: Readonly<Record<string, number>> = {
  '1h': 3_600_000,
  '24h': 24 * 3_600_000,
  '7d': 7 * 24 * 3_600_000,
  '30d': 30 * 24 * 3_600_000,
}

const LAST_PAGE = 1_000_000

/** Query parameters as they came, with those that are there twice. */
export const parametersOf = (request: Request): URLSearchParams => new URL(request.url).searchParams

export interface PageNumbers {
  readonly page: number
  readonly pageSize: number
}

/** Nonsense counts as the default, too much as the most there is. */
export function readPageNumbers(query: URLSearchParams): PageNumbers {
  const number = (name: string, fallback: number, most: number): number => {
    const text = query.get(name) ?? ''
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
    return value < 1 ? fallback : Math.min(value, most)
  }
  const [first, , last] = AUDIT_PAGE_SIZES
  return { page: number('page', 1, LAST_PAGE), pageSize: number('page_size', first, last) }
}

export interface AuditRequest extends PageNumbers {
  readonly filter: AuditFilter
  /** Empty unless it counts: times that are given go before. */
  readonly period: string
  readonly upTo?: Place
  /** A time was given that is none. */
  readonly badTime: boolean
}

/** As the page is asked: also by a period before now, and for what was there at the first page. */
export function readAuditRequest(query: URLSearchParams, now: number): AuditRequest {
  const filter = readAuditFilter(query)
  const badTime =
    ((query.get('start_time') ?? '') !== '' && !filter.startTime) ||
    ((query.get('end_time') ?? '') !== '' && !filter.endTime)
  const asked = query.get('period') ?? ''
  const period = filter.startTime || filter.endTime || !Object.hasOwn(PERIODS, asked) ? '' : asked
  const upTo = readPlace(query.get('as_of') ?? '')
  return {
    ...readPageNumbers(query),
    filter: period === '' ? filter : { ...filter, startTime: new Date(now - (PERIODS[period] ?? 0)) },
    period,
    badTime,
    ...(upTo && { upTo }),
  }
}

function readPlace(text: string): Place | undefined {
  const [, time = '', id = ''] = /^(\d{1,14})_([\w-]{1,255})$/.exec(text) ?? []
  return id === '' ? undefined : { time: new Date(Number(time)), id }
}

export const placeText = ({ time, id }: Place): string => `${time.getTime()}_${id}`
