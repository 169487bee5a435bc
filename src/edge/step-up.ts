/**
 * Sensitive actions ask who acts when the sign-in is some time ago: a browser that was left alone must not make an
 * administrator or hand out a secret.
 *
 * A form that was sent too late is kept and offered again after the confirmation, so that nothing has to be typed twice.
 */
import type { Context, RequestContext } from '../context'
import { commit } from '../db/commit'
import type { BrowserSession } from '../identity/sessions'
import { hold } from './held'
import { redirectTo } from './page'
import { requestContext } from './request-context'

/** The person has to confirm who they are first. Surfaces answer with the way to the confirmation. */
export class ConfirmationRequired extends Error {
  constructor(readonly session: BrowserSession) {
    super('confirmation required')
  }
}

export interface HeldForm {
  /** Below BASE_URL. */
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
}

const HELD_MS = 10 * 60_000
export const CONFIRM_PATH = '/account/confirm'

type Timed = Pick<RequestContext, 'settings' | 'clock'>

export const isRecentLogin = ({ settings, clock }: Timed, session: BrowserSession): boolean =>
  settings.STEP_UP_MAX_AGE <= 0 || clock.now() - session.authTime.getTime() <= settings.STEP_UP_MAX_AGE

/** Throws `ConfirmationRequired`, for which every surface knows an answer. To be called before anything else. */
export function requireRecentLogin(ctx: Timed, session: BrowserSession): void {
  if (!isRecentLogin(ctx, session)) throw new ConfirmationRequired(session)
}

/** The answer to `ConfirmationRequired`; nothing for other errors. */
export async function confirmationFirst(
  context: Context,
  request: Request,
  error: unknown,
  body: unknown,
): Promise<Response | undefined> {
  if (!(error instanceof ConfirmationRequired)) return undefined
  const ctx = requestContext(context, request)
  const { method, path } = ctx.request
  const target = path + new URL(request.url).search
  if (method === 'GET' || method === 'HEAD')
    return redirectTo(ctx, `${CONFIRM_PATH}?${new URLSearchParams({ redirect: target })}`)
  const { csrf_token: _, ...fields } = (body ?? {}) as Record<string, string>
  const content: HeldForm = { path: target, fields }
  const { id, statement } = hold(ctx, error.session, { kind: 'held', content, lifeMs: HELD_MS })
  await commit(ctx, [statement])
  return redirectTo(ctx, `${CONFIRM_PATH}?held=${id}`)
}
