import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { commit } from '../../src/db/commit'
import type { Database } from '../../src/db/database'
import {
  attemptDelay,
  claimAttempt,
  type DelayPolicy,
  noteSuccess,
  PASSWORD_POLICY,
} from '../../src/identity/attempt-delays'
import { databases } from '../support/databases'

const MINUTE = 60_000

describe.each(databases)('attempt delays on %s', (_name, open) => {
  let db: Database
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ db, close } = await open())
  })
  afterAll(() => close())

  function start() {
    let time = Date.parse('2026-03-04T05:06:07Z')
    const subject = crypto.randomUUID()
    const ctx = { db, clock: { now: () => time } }
    const fail = (policy: DelayPolicy = PASSWORD_POLICY) => claimAttempt(ctx, subject, policy)
    return {
      ctx,
      subject,
      fail,
      wait: (ms: number) => {
        time += ms
      },
      delay: () => attemptDelay(ctx, subject),
    }
  }

  test('five failures are free, then the delay doubles from a second up to 15 minutes', async () => {
    const { fail, wait, delay } = start()
    expect(await delay()).toBe(0)
    for (let failure = 1; failure < 5; failure += 1) {
      expect(await fail()).toBe(0)
      expect(await delay()).toBe(0)
    }
    const delays: number[] = []
    for (let failure = 5; failure < 18; failure += 1) {
      expect(await fail()).toBe(0)
      delays.push(await delay())
      wait(await delay())
    }
    expect(delays.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
    expect(delays.at(-1)).toBe(15 * MINUTE)
  })

  test('an attempt during the delay is refused and not counted', async () => {
    const { fail, wait, delay } = start()
    for (let failure = 1; failure <= 5; failure += 1) await fail()
    wait(400)
    expect(await fail()).toBe(600)
    expect(await fail()).toBe(600)
    wait(599)
    expect(await delay()).toBe(1)
    wait(1)
    expect(await fail()).toBe(0)
    expect(await delay()).toBe(2_000)
  })

  test('of 64 simultaneous attempts no more than the free ones pass', async () => {
    const { fail } = start()
    const waits = await Promise.all(Array.from({ length: 64 }, () => fail()))
    expect(waits.filter((wait) => wait === 0).length).toBe(5)
  })

  test('success forgets the failures', async () => {
    const { ctx, subject, fail, delay } = start()
    for (let failure = 1; failure <= 5; failure += 1) await fail()
    await commit(ctx, [noteSuccess(subject)])
    expect(await delay()).toBe(0)
    for (let failure = 1; failure < 5; failure += 1) await fail()
    expect(await delay()).toBe(0)
  })

  test('failures scattered over more than the window never add up', async () => {
    const { fail, wait, delay } = start()
    for (let failure = 1; failure <= 20; failure += 1) {
      await fail()
      expect(await delay()).toBe(0)
      wait(4 * MINUTE)
    }
  })

  test('patience buys no new free guesses: after a delay has ended the next failure doubles it', async () => {
    const { fail, wait, delay } = start()
    for (let failure = 1; failure <= 5; failure += 1) await fail()
    wait(10 * MINUTE)
    await fail()
    expect(await delay()).toBe(2_000)
    wait(16 * MINUTE)
    await fail()
    expect(await delay()).toBe(0)
  })
})
