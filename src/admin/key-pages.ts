/** `/admin/keys`: which keys sign and verify tokens, and what comes next with each. Keys are changed where they lie. */
import { t } from 'elysia'
import { adminKeysPage } from '../../views/pages/admin-keys'
import type { Context } from '../context'
import { page, pageFrame } from '../edge/page'
import { adminSurface } from '../edge/surfaces/admin'
import { keyStates } from '../tokens/key-states'

export const adminKeyPages = (context: Context) =>
  adminSurface(context).get(
    '/admin/keys',
    async ({ ctx, session }) =>
      page(adminKeysPage(pageFrame(ctx, session), { keys: await keyStates(ctx), symmetric: ctx.keys.alg === 'HS256' })),
    { response: t.Any() },
  )
