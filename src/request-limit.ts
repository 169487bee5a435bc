/** How long a request with a body may take until its answer begins. */
import type { Settings } from './config/settings'
import { callBudgetMs } from './identity/http-api/call'

type LimitSettings = Pick<Settings, 'AUTH_MODE' | 'HTTP_API_TIMEOUT'>

const REQUEST_LIMIT_MS = 30_000
/** For everything about a login but the call of the service that checks the password. */
const LOGIN_WORK_MS = 5_000
const PASSWORD_PATHS = /\/(login|account\/confirm)$/

/** Milliseconds by URL. Where a password is checked elsewhere, the answer waits for that. */
export function requestLimit(settings: LimitSettings): (url: string) => number {
  const budgetMs = settings.AUTH_MODE === 'http_api' ? callBudgetMs(settings) : 0
  const passwordLimitMs = Math.max(REQUEST_LIMIT_MS, budgetMs + LOGIN_WORK_MS)
  if (passwordLimitMs === REQUEST_LIMIT_MS) return () => REQUEST_LIMIT_MS
  return (url) => (PASSWORD_PATHS.test(new URL(url).pathname) ? passwordLimitMs : REQUEST_LIMIT_MS)
}
