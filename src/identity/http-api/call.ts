/** Asks the service whether a password is right: attempts, pauses, and limits of all of them together. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../../config/settings'
import type { Context } from '../../context'
import { createBreaker } from './breaker'
import { createExchange, NoAnswer, type ServiceAnswer } from './exchange'
import { readVerdict, type Verdict } from './response'
import { isRepeatable, retryPause } from './retry'
import { percentDecoded, serviceHeaders } from './sign-request'

export interface Credentials {
  readonly username: string
  readonly password: string
}

export interface HttpApi {
  /** Never throws. `gone` ends the waiting for further attempts. */
  check(credentials: Credentials, gone?: AbortSignal): Promise<Verdict>
}

/** Logins that may wait for the service at the same time; more than that are sent away at once. */
const MOST_CALLS = 64
const BUSY_RETRY_SECONDS = 2
const DOWN_RETRY_SECONDS = 5

const LEAST_BUDGET_MS = 25_000
const MOST_BUDGET_MS = 240_000

/** Milliseconds that all attempts of one login may take together. */
export const callBudgetMs = ({ HTTP_API_TIMEOUT }: Pick<Settings, 'HTTP_API_TIMEOUT'>): number =>
  Math.min(Math.max(HTTP_API_TIMEOUT, LEAST_BUDGET_MS), MOST_BUDGET_MS)

type CallContext = Pick<Context, 'settings' | 'clock' | 'random' | 'log' | 'metrics'>

/** `undefined` unless `AUTH_MODE` is `http_api`. `share`: processes that ask the same service. */
export function createHttpApi(ctx: CallContext, share = 1): HttpApi | undefined {
  const { settings } = ctx
  if (settings.AUTH_MODE !== 'http_api') return undefined
  const url = new URL(settings.HTTP_API_URL)
  url.hash = ''
  const basic = takeUserInfo(url)
  const exchange = createExchange(settings)
  const breaker = createBreaker(ctx)
  const budgetMs = callBudgetMs(settings)
  const mostCalls = Math.ceil(MOST_CALLS / share)
  let running = 0

  /** A timestamp, nonce and signature of its own for every attempt, over the same body. */
  const attempt = async (body: string, leftMs: number): Promise<ServiceAnswer | NoAnswer> => {
    const startedAt = performance.now()
    const timestamp = Math.floor(ctx.clock.now() / 1000)
    const headers = { ...basic, ...serviceHeaders(settings, { url, body, timestamp, nonce: ctx.random.uuid() }) }
    const timeoutMs = Math.min(settings.HTTP_API_TIMEOUT || leftMs, leftMs)
    try {
      return await exchange({ url, headers, body, timeoutMs })
    } catch (error) {
      if (error instanceof NoAnswer) return error
      throw error
    } finally {
      const seconds = (performance.now() - startedAt) / 1000
      ctx.metrics.observe('auth_external_api_duration_seconds', seconds, { provider: 'http_api' })
    }
  }

  const ask = async (body: string, gone: AbortSignal | undefined): Promise<ServiceAnswer | NoAnswer> => {
    const deadline = performance.now() + budgetMs
    for (let count = 1; ; count += 1) {
      const result = await attempt(body, deadline - performance.now())
      const again = result instanceof NoAnswer ? result.isRepeatable : isRepeatable(result.status)
      if (!again || count > settings.HTTP_API_MAX_RETRIES) return result
      const pauseMs = retryPause(settings, {
        attempt: count,
        retryAfter: result instanceof NoAnswer ? undefined : result.retryAfter,
        now: ctx.clock.now(),
        fraction: ctx.random.fraction(),
      })
      if (performance.now() + pauseMs >= deadline || !(await paused(pauseMs, gone))) return result
    }
  }

  return {
    check: async ({ username, password }, gone) => {
      if (running >= mostCalls) return unavailable('too many logins wait for it', BUSY_RETRY_SECONDS)
      const passage = breaker.enter()
      if (!passage) return unavailable('it failed lately and is left alone', breaker.retryAfterSeconds())
      running += 1
      let healthy = false
      try {
        const result = await ask(JSON.stringify({ username, password }), gone)
        healthy = !(result instanceof NoAnswer) && !isRepeatable(result.status)
        const verdict = verdictOf(result)
        if (verdict.kind === 'unusable' || verdict.kind === 'unavailable') ctx.log.warn({}, verdict.text)
        return verdict
      } finally {
        running -= 1
        passage.done(healthy)
      }
    },
  }
}

function verdictOf(result: ServiceAnswer | NoAnswer): Verdict {
  if (result instanceof NoAnswer) return unavailable(result.reason, DOWN_RETRY_SECONDS)
  if (isRepeatable(result.status)) return { kind: 'unusable', text: `${UNCONNECTED}: HTTP ${result.status}` }
  return readVerdict(result)
}

const UNCONNECTED = 'failed to connect to authentication API'

const unavailable = (reason: string, retryAfterSeconds: number): Verdict => ({
  kind: 'unavailable',
  text: `${UNCONNECTED}: ${reason}`,
  retryAfterSeconds,
})

/** User and password of a URL belong into a header field (RFC 7617); in the URL they would be logged on the way. */
function takeUserInfo(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const pair = Buffer.concat([percentDecoded(url.username), Buffer.from(':'), percentDecoded(url.password)])
  url.username = ''
  url.password = ''
  return { Authorization: `Basic ${pair.toString('base64')}` }
}

/** False when it was not worth waiting to the end. */
async function paused(ms: number, gone: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(ms, undefined, gone ? { signal: gone } : {})
    return true
  } catch {
    return false
  }
}
