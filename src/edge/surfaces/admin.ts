/** What only administrators see. The role is read with every request. */
import { Elysia } from 'elysia'
import { countWaitingReviews } from '../../clients/waiting'
import type { Context } from '../../context'
import type { BrowserSession } from '../../identity/sessions'
import { requireSession } from '../browser-session'
import { requireSessionToken } from '../csrf'
import { jsonHeaders, jsonRefusal } from '../json-refusal'
import { readPageBody } from '../page-body'
import { PageError } from '../page-error'
import { limitAdministration } from '../rate-limit'
import { requestContext } from '../request-context'
import { changesSomething, csrfField, surfaceFor } from './page'

function requireAdmin({ user }: BrowserSession): void {
  if (user.role !== 'admin') throw new PageError(403, (t) => t.errors.adminRequired)
}

/** Pages; others than administrators get the 403 page. Changes are limited per administrator. */
export const adminSurface = (context: Context) =>
  surfaceFor(context, requireAdmin).onBeforeHandle(async ({ ctx, session, request }) => {
    if (changesSomething(request)) return await limitAdministration(ctx, request, session)
    noteWaitingReviews(ctx.request, await countWaitingReviews(ctx))
  })

/** The navigation of every page shows it. */
function noteWaitingReviews(info: { waitingReviews?: number }, waiting: number): void {
  info.waitingReviews = waiting
}

/** JSON for programs and scripts: never a redirect, never a page. */
export function adminApiSurface(context: Context) {
  const headers = jsonHeaders(context)
  return new Elysia()
    .onParse(({ request }) => readPageBody(request))
    .derive(async ({ request, body }) => {
      const ctx = requestContext(context, request)
      const session = await requireSession(ctx, request)
      requireAdmin(session)
      if (changesSomething(request)) requireSessionToken(ctx, request, session, csrfField(body))
      return { ctx, session }
    })
    .mapResponse(({ responseValue }) =>
      responseValue instanceof Response ? responseValue : new Response(JSON.stringify(responseValue), { headers }),
    )
    .onError(({ error, request }) => jsonRefusal(context, request, error))
}
