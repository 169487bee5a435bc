/**
 * `/admin/keys`: which keys sign and verify tokens, and what comes next with each. Keys are changed where they lie; that
 * their files are read again can be asked for here too.
 */
import { t } from 'elysia'
import { adminKeysPage } from '../../views/pages/admin-keys'
import { done } from '../apps/own-app'
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { commit } from '../db/commit'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import { addFlash, type BrowserSession } from '../identity/sessions'
import { keyStates } from '../tokens/key-states'
import { hasKeyFiles, reloadKeys } from '../tokens/reload-keys'

const KEYS_PATH = '/admin/keys'

export const adminKeyPages = (context: Context) =>
  adminSurface(context)
    .get(
      KEYS_PATH,
      async ({ ctx, session }) => {
        const keys = await keyStates(ctx)
        const symmetric = ctx.keys.alg === 'HS256'
        return page(adminKeysPage(pageFrame(ctx, session), { keys, symmetric, reloadable: hasKeyFiles(ctx.settings) }))
      },
      { response: t.Any() },
    )
    .post(`${KEYS_PATH}/reload`, ({ ctx, session }) => reload(ctx, session), {
      body: t.Object({ csrf_token: t.Optional(t.String()) }),
      response: t.Any(),
    })

async function reload(ctx: RequestContext, session: BrowserSession): Promise<Response> {
  requireRecentLogin(ctx, session)
  if (!hasKeyFiles(ctx.settings)) return done(ctx, session, KEYS_PATH, (m) => m.adminKeys.nothingToReload)
  const former = ctx.keys.active.kid
  const { problem } = await reloadKeys(ctx)
  const othersTold = problem !== undefined || ctx.siblings === undefined || (await ctx.siblings.reloadKeys())
  const { active, verifyKeys } = ctx.keys
  const record = audit(ctx, {
    event: 'KEYS_RELOADED',
    action: 'Signing keys reloaded by administrator',
    success: problem === undefined,
    actor: session.user,
    resource: { type: 'SIGNING_KEY', id: active.kid },
    details: { keys: verifyKeys.length, algorithm: active.algorithm, former_kid: former },
    errorMessage: problem,
  })
  const { adminKeys: m } = messagesFor(ctx, session)
  const outcome = problem === undefined ? m.reloaded(verifyKeys.length) : m.notReloaded(problem)
  await commit(ctx, [...record, addFlash(session, othersTold ? outcome : m.othersNotTold)])
  return redirectTo(ctx, KEYS_PATH)
}
