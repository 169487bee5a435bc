import { describe, expect, test } from 'bun:test'
import {
  accessLifetime,
  expiryAfter,
  familyEnd,
  machineLifetime,
  refreshLifetime,
  secondsUntil,
  TOKEN_PROFILES,
  tokenProfile,
} from '../../src/tokens/lifetimes'
import { testSettings } from '../support/settings'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** 200 draws over the whole range, its ends included. */
const draws = Array.from({ length: 200 }, (_, index) => index / 200).concat(0.999_999_999)

describe('access lifetimes', () => {
  test('defaults: short 15m, standard 10h plus jitter, long 24h', () => {
    const settings = testSettings()
    expect(TOKEN_PROFILES.map((profile) => accessLifetime(settings, profile, 0))).toEqual([15 * MINUTE, 10 * HOUR, DAY])
  })

  test('jitter: standard lifetimes lie in [A, A+J) and use the whole range', () => {
    const settings = testSettings({ JWT_EXPIRATION: '2h', JWT_EXPIRATION_JITTER: '30m' })
    const lives = draws.map((fraction) => accessLifetime(settings, 'standard', fraction))
    expect(Math.min(...lives)).toBe(2 * HOUR)
    expect(Math.max(...lives)).toBeLessThan(2 * HOUR + 30 * MINUTE)
    expect(Math.max(...lives)).toBeGreaterThan(2 * HOUR + 29 * MINUTE)
  })

  test('an overridden standard, short and long are exact, even where they equal JWT_EXPIRATION', () => {
    const settings = testSettings({
      JWT_EXPIRATION: '24h',
      JWT_EXPIRATION_JITTER: '30m',
      TOKEN_PROFILE_STANDARD_ACCESS_TTL: '3h',
    })
    for (const fraction of draws) {
      expect(accessLifetime(settings, 'standard', fraction)).toBe(3 * HOUR)
      expect(accessLifetime(settings, 'long', fraction)).toBe(DAY)
      expect(accessLifetime(settings, 'short', fraction)).toBe(15 * MINUTE)
    }
  })

  test('base and jitter together are clipped at JWT_EXPIRATION_MAX (T63) [SEC]', () => {
    const settings = testSettings({ JWT_EXPIRATION: '10h', JWT_EXPIRATION_JITTER: '5h', JWT_EXPIRATION_MAX: '24h' })
    const capped = { ...settings, JWT_EXPIRATION_MAX: 11 * HOUR }
    for (const fraction of draws)
      expect(accessLifetime(capped, 'standard', fraction)).toBeLessThanOrEqual(capped.JWT_EXPIRATION_MAX)
  })

  test('no jitter when it is switched off', () => {
    const settings = testSettings({ JWT_EXPIRATION_JITTER: '0s' })
    for (const fraction of draws) expect(accessLifetime(settings, 'standard', fraction)).toBe(10 * HOUR)
  })
})

test('refresh lifetimes: 24h, 30 days, 90 days, never longer than their maximum', () => {
  const settings = testSettings()
  expect(TOKEN_PROFILES.map((profile) => refreshLifetime(settings, profile))).toEqual([DAY, 30 * DAY, 90 * DAY])
  expect(refreshLifetime({ ...settings, REFRESH_TOKEN_EXPIRATION_MAX: HOUR }, 'long')).toBe(HOUR)
})

test('machine tokens have a lifetime of their own, capped like every access token', () => {
  const settings = testSettings()
  expect(machineLifetime(settings)).toBe(HOUR)
  expect(machineLifetime({ ...settings, CLIENT_CREDENTIALS_TOKEN_EXPIRATION: 48 * HOUR })).toBe(DAY)
})

test('profiles: trimmed, empty means standard, anything else is unknown', () => {
  expect([' short ', 'long', '', '  ', 'SHORT', 'x'].map(tokenProfile)).toEqual([
    ...(['short', 'long', 'standard', 'standard', undefined, undefined] as const),
  ])
})

test('an expiry is a whole second, not after now plus lifetime', () => {
  const now = new Date(1_800_000_000_999)
  expect(expiryAfter(now, 1000).getTime()).toBe(1_800_000_001_000)
  expect(familyEnd(testSettings(), now).getTime()).toBe(1_800_000_000_000 + 90 * DAY)
})

test('expires_in: whole seconds, rounded down, never negative', () => {
  const expiry = new Date(1_800_000_010_000)
  expect(secondsUntil(expiry, new Date(1_800_000_000_001))).toBe(9)
  expect(secondsUntil(expiry, new Date(1_800_000_010_000))).toBe(0)
  expect(secondsUntil(expiry, new Date(1_900_000_000_000))).toBe(0)
})
