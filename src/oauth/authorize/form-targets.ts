/** Where a form leads in the end when the authorization endpoint is its next stop. */
import type { Context } from '../../context'
import { PageError } from '../../edge/page-error'
import { formActionOf } from './answer'
import { readParameters } from './parameters'
import { requireTarget } from './target'

const ENDPOINT = '/oauth/authorize?'

/**
 * Sources for `form-action` of a page whose form goes on to `target`, a path of this server: browsers hold a policy
 * against every redirect that follows, and a request that needs no page redirects to the client at once. Empty unless
 * client and redirect URI are right. Throws `DatabaseUnavailable`.
 */
export async function formTargets(ctx: Pick<Context, 'db' | 'caches'>, target: string | undefined): Promise<string[]> {
  if (!target?.startsWith(ENDPOINT)) return []
  const [query = ''] = target.slice(ENDPOINT.length).split('#', 1)
  try {
    const { redirectUri } = await requireTarget(ctx, readParameters(query))
    return formActionOf(redirectUri)
  } catch (error) {
    if (error instanceof PageError) return []
    throw error
  }
}
