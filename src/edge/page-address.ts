/** Where a page of this server is shown again, in another language for example. */
import type { Settings } from '../config/settings'
import { safeRedirect } from '../identity/redirect-target'

/**
 * The path and query of a page, without the prefix of `BASE_URL`; `undefined` for everything else. More than
 * `safeRedirect` lets through: the login page, rebuilt of the parts that are known to be safe.
 */
export function pageAddress(
  settings: Pick<Settings, 'origin' | 'basePath'>,
  raw: string | undefined,
): string | undefined {
  if (raw !== '/login' && !raw?.startsWith('/login?')) return safeRedirect(settings, raw)
  const asked = new URLSearchParams(raw.slice('/login'.length))
  const query = new URLSearchParams()
  const target = safeRedirect(settings, asked.get('redirect') ?? undefined)
  if (target !== undefined) query.set('redirect', target)
  if (asked.get('prompt') === 'login') query.set('prompt', 'login')
  return query.size === 0 ? '/login' : `/login?${query}`
}
