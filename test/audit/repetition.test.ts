import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { createRepetitionFilter, type Occurrence } from '../../src/audit/repetition'
import type { Context } from '../../src/context'

let written: Occurrence[]
let sequence = 0
const filter = () => createRepetitionFilter((occurrence) => written.push(occurrence))

function refused(reason: string, clientId = 'a', ip = '192.0.2.1', resourceId?: string): Occurrence {
  sequence += 1
  const request = { id: `request-${sequence}`, ip, userAgent: '', path: '/oauth/token', method: 'POST' }
  return {
    ctx: { request } as unknown as Context,
    atMs: sequence,
    event: {
      event: 'TOKEN_REFRESHED',
      action: 'Token request refused',
      clientId,
      resource: resourceId === undefined ? undefined : { type: 'TOKEN', id: resourceId },
      success: false,
      details: { reason },
    },
  }
}

const repetitions = () => written.map(({ event }) => event.details?.repetitions)

describe('repeated audit events (flood of guesses)', () => {
  beforeEach(() => {
    written = []
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  test('the first is written at once, the others as one row with their number when the minute ends', () => {
    const { add } = filter()
    for (let n = 0; n < 500; n += 1) add(refused('wrong secret'))
    expect(written.length).toBe(1)
    expect(written[0]?.event.details).toEqual({ reason: 'wrong secret' })
    jest.advanceTimersByTime(60_000)
    expect(repetitions()).toEqual([undefined, 499])
    // It tells of the latest.
    expect(written[1]?.atMs).toBe((written[0]?.atMs ?? 0) + 499)
  })

  test('a single event leaves no second row, and the next minute begins anew', () => {
    const { add } = filter()
    add(refused('wrong secret'))
    jest.advanceTimersByTime(60_000)
    add(refused('wrong secret'))
    expect(written.length).toBe(2)
  })

  test('another client, address, reason or resource is another event', () => {
    const { add } = filter()
    add(refused('wrong secret'))
    add(refused('no secret'))
    add(refused('wrong secret', 'b'))
    add(refused('wrong secret', 'a', '192.0.2.2'))
    add(refused('wrong secret', 'a', '192.0.2.1', 'token'))
    expect(written.length).toBe(5)
  })

  test('closing writes what was counted so far', () => {
    const { add, close } = filter()
    add(refused('wrong secret'))
    add(refused('wrong secret'))
    close()
    expect(repetitions()).toEqual([undefined, 1])
  })

  test('a flood from ever new addresses is written through instead of growing without bound', () => {
    const { add } = filter()
    for (let n = 0; n < 2_500; n += 1) add(refused('wrong secret', 'a', `2001:db8::${n.toString(16)}`))
    for (let n = 0; n < 10; n += 1) add(refused('wrong secret', 'a', '198.51.100.7'))
    expect(written.length).toBe(2_510)
  })
})
