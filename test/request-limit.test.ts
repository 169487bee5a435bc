import { expect, test } from 'bun:test'
import { requestLimit } from '../src/request-limit'

const limit = (AUTH_MODE: string, HTTP_API_TIMEOUT: number, path: string) =>
  requestLimit({ AUTH_MODE, HTTP_API_TIMEOUT })(`https://id.example${path}`)

test.each<[string, number, string, number]>([
  ['local', 120_000, '/login', 30_000],
  ['http_api', 10_000, '/login', 30_000],
  ['http_api', 0, '/login', 30_000],
  ['http_api', 120_000, '/login', 125_000],
  ['http_api', 120_000, '/prefix/login', 125_000],
  ['http_api', 120_000, '/account/confirm', 125_000],
  ['http_api', 3_600_000, '/login', 245_000],
  ['http_api', 120_000, '/oauth/token', 30_000],
  ['http_api', 120_000, '/oauth/token?x=/login', 30_000],
])('AUTH_MODE=%s, HTTP_API_TIMEOUT of %d ms: POST %s may take %d ms', (mode, timeout, path, expected) => {
  expect(limit(mode, timeout, path)).toBe(expected)
})
