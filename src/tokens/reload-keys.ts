/** Exchanges the key ring of a running server for what the key files hold now. */
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { messageOf } from './key-files'
import { rememberKeys, rememberLastUse } from './key-history'
import { loadKeyRing } from './keys'

/** Whether any key comes from a file; settings themselves are read at start only. */
export const hasKeyFiles = (settings: Settings): boolean =>
  settings.JWT_ADDITIONAL_KEY_PATHS.length > 0 ||
  (settings.JWT_SIGNING_ALGORITHM !== 'HS256' && settings.JWT_PRIVATE_KEY_PEM === '')

/**
 * Never throws: files that cannot serve change nothing, and the log says why, as does what this resolves to. Resolves
 * after the database knows the keys; the ring is in use before that.
 */
export async function reloadKeys(ctx: Context): Promise<{ readonly problem?: string }> {
  const { settings, log, keys } = ctx
  const former = keys.ring
  try {
    keys.replace(loadKeyRing(settings))
  } catch (error) {
    const problem = messageOf(error)
    log.error({}, `Signing keys not reloaded, the former ones stay in use: ${problem}`)
    return { problem }
  }
  const { active, verifyKeys, notices } = keys.ring
  for (const { level, text } of notices) log[level]({}, text)
  log.info({ alg: active.algorithm, kid: active.kid, keys: verifyKeys.length }, 'Signing keys reloaded')
  const has = (ring: typeof former, thumbprint: string | undefined) =>
    ring.verifyKeys.some((key) => key.thumbprint === thumbprint)
  if (!has(keys.ring, former.active.thumbprint))
    log.warn(
      { kid: former.active.kid },
      'The key that signed until now does not verify any more: its tokens are refused',
    )
  if (!has(former, active.thumbprint))
    log.warn({ kid: active.kid }, 'The new signing key was not published before: consumers may not know it for an hour')
  try {
    if (active.thumbprint !== former.active.thumbprint) await rememberLastUse(ctx, former.active.kid)
    const warning = await rememberKeys(ctx)
    if (warning) log.warn({}, warning)
  } catch (error) {
    log.warn({ error }, 'The keys in use could not be recorded; "authgate keys" may ask to wait longer')
  }
  return {}
}
