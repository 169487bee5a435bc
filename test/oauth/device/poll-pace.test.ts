import { describe, expect, test } from 'bun:test'
import { createPollPace } from '../../../src/oauth/device/poll-pace'

const START = 1_000_000
const fresh = (id: string) => ({ id, pollInterval: 5, lastPolledAt: null })

describe('pace of polling (RFC 8628 §3.5)', () => {
  test('the first poll, and every one that keeps the interval less a second, is in time', () => {
    const pace = createPollPace()
    for (const at of [0, 4, 8, 13, 100, 104]) {
      expect(pace.note(fresh('a'), START + at * 1000)).toEqual({ tooFast: false, interval: 5, store: false })
    }
  })

  test('one that is too fast adds five seconds for all that follow, up to a minute', () => {
    const pace = createPollPace()
    pace.note(fresh('a'), START)
    const intervals = Array.from({ length: 13 }, (_, n) => pace.note(fresh('a'), START + n).interval)
    expect(intervals).toEqual([10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60, 60])
    expect(pace.note(fresh('a'), START + 60_000)).toEqual({ tooFast: false, interval: 60, store: false })
  })

  test('what the row says holds as well: another process told the device, or this one was restarted', () => {
    const stored = { id: 'a', pollInterval: 20, lastPolledAt: new Date(START) }
    expect(createPollPace().note(stored, START + 18_999)).toEqual({ tooFast: true, interval: 25, store: true })
    expect(createPollPace().note(stored, START + 19_000)).toEqual({ tooFast: false, interval: 20, store: false })
  })

  test('a device keeps its longer interval while it polls, also where that could not be stored', () => {
    const pace = createPollPace()
    pace.note(fresh('a'), START)
    pace.note(fresh('a'), START)
    for (let minute = 1; minute <= 10; minute += 1) pace.note(fresh('a'), START + minute * 60_000)
    expect(pace.note(fresh('a'), START + 10 * 60_000 + 8_000).tooFast).toBe(true)
  })

  test('a silent device is forgotten', () => {
    const pace = createPollPace()
    pace.note(fresh('a'), START)
    pace.note(fresh('a'), START)
    expect(pace.note(fresh('a'), START + 180_000).interval).toBe(5)
  })

  test('impatient devices in any number cause few writes', () => {
    const pace = createPollPace()
    let writes = 0
    for (let n = 0; n < 10_000; n += 1) {
      pace.note(fresh(`${n}`), START)
      if (pace.note(fresh(`${n}`), START + n / 10).store) writes += 1
    }
    expect(writes).toBe(20)
    pace.note(fresh('late'), START + 2_000)
    expect(pace.note(fresh('late'), START + 2_000).store).toBe(true)
  })
})
