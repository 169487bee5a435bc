import { describe, expect, test } from 'bun:test'
import { type Breaker, createBreaker } from '../../../src/identity/http-api/breaker'

function setUp() {
  let at = 1_000_000
  const logged: string[] = []
  const write = (_fields: Record<string, unknown>, message: string) => void logged.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  const breaker = createBreaker({ clock: { now: () => at }, log })
  const advance = (ms: number) => {
    at += ms
  }
  return { breaker, logged, advance }
}

const call = (breaker: Breaker, healthy: boolean): boolean => {
  const passage = breaker.enter()
  passage?.done(healthy)
  return passage !== undefined
}
const callTimes = (breaker: Breaker, times: number, healthy: boolean) =>
  Array.from({ length: times }, () => call(breaker, healthy))

describe('circuit breaker', () => {
  test('five failures in a row open it; a success between them does not let it come to that', () => {
    const { breaker } = setUp()
    callTimes(breaker, 4, false)
    call(breaker, true)
    callTimes(breaker, 4, false)
    expect(call(breaker, false)).toBe(true)
    expect(call(breaker, true)).toBe(false)
    expect(breaker.retryAfterSeconds()).toBe(5)
  })

  test('after the pause one call tries, alone; its success closes it', () => {
    const { breaker, logged, advance } = setUp()
    callTimes(breaker, 5, false)
    advance(5_000)
    const probe = breaker.enter()
    expect(probe).toBeDefined()
    expect(breaker.enter()).toBeUndefined()
    probe?.done(true)
    expect(callTimes(breaker, 3, true)).toEqual([true, true, true])
    expect(logged).toHaveLength(2)
  })

  test('a failed try doubles the pause, up to a minute', () => {
    const { breaker, advance } = setUp()
    callTimes(breaker, 5, false)
    for (const seconds of [10, 20, 40, 60, 60]) {
      advance(60_000)
      expect(call(breaker, false)).toBe(true)
      expect(breaker.retryAfterSeconds()).toBe(seconds)
      expect(call(breaker, false)).toBe(false)
    }
  })

  test('failures of calls that began before it opened do not prolong it', () => {
    const { breaker, advance } = setUp()
    const late = Array.from({ length: 20 }, () => breaker.enter())
    callTimes(breaker, 5, false)
    advance(4_000)
    for (const each of late) each?.done(false)
    expect(breaker.retryAfterSeconds()).toBe(1)
    advance(1_000)
    expect(breaker.enter()).toBeDefined()
  })
})
