import { describe, expect, test } from 'bun:test'
import { isRepeatable, retryPause } from '../../../src/identity/http-api/retry'

const NOW = Date.UTC(2026, 0, 1)
const settings = { HTTP_API_RETRY_DELAY: 1_000, HTTP_API_MAX_RETRY_DELAY: 10_000 }

/** The middle of the jitter is 0.5. */
const pause = (attempt: number, { retryAfter, fraction = 0.5 }: { retryAfter?: string; fraction?: number } = {}) =>
  retryPause(settings, { attempt, retryAfter, now: NOW, fraction })

describe('which answers are repeated', () => {
  test.each([500, 502, 503, 504, 599, 429])('%d is', (status) => expect(isRepeatable(status)).toBe(true))
  test.each([200, 204, 301, 307, 400, 401, 403, 404, 408, 422])('%d is not', (status) =>
    expect(isRepeatable(status)).toBe(false),
  )
})

describe('the pause', () => {
  test('doubles up to the longest', () => {
    expect([1, 2, 3, 4, 5, 60, 2_000].map((attempt) => pause(attempt))).toEqual([
      ...[1_000, 2_000, 4_000, 8_000],
      ...[10_000, 10_000, 10_000],
    ])
  })

  test('varies by a quarter either way, never beyond the longest', () => {
    expect(pause(1, { fraction: 0 })).toBe(750)
    expect(pause(1, { fraction: 0.999_999 })).toBeCloseTo(1_250, 0)
    expect(pause(5, { fraction: 0 })).toBe(7_500)
    expect(pause(5, { fraction: 0.999_999 })).toBe(10_000)
  })

  test.each([
    ['2', 2_000],
    [' 3 ', 3_000],
    [new Date(NOW + 5_000).toUTCString(), 5_000],
    ['9999', 10_000],
  ])('Retry-After: %s takes its place', (retryAfter, expected) => {
    expect(pause(1, { retryAfter, fraction: 0 })).toBe(expected)
    expect(pause(7, { retryAfter, fraction: 0 })).toBe(expected)
  })

  test('what the service asked for is never shortened by chance', () => {
    for (const fraction of [0, 0.2, 0.5, 0.99])
      expect(pause(1, { retryAfter: '2', fraction })).toBeGreaterThanOrEqual(2_000)
    expect(pause(1, { retryAfter: '2', fraction: 1 })).toBe(2_500)
  })

  test.each(['0', '-5', '', 'soon', '1.5', 'Thu, 01 Jan 1970 00:00:00 GMT', '9e99'])(
    'Retry-After: %s says nothing',
    (retryAfter) => expect(pause(1, { retryAfter })).toBe(1_000),
  )

  test('0 as a delay means none', () => {
    const none = { HTTP_API_RETRY_DELAY: 0, HTTP_API_MAX_RETRY_DELAY: 10_000 }
    expect(retryPause(none, { attempt: 3, retryAfter: undefined, now: NOW, fraction: 0.5 })).toBe(0)
  })
})
