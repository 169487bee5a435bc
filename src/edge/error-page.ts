/** The error page of an error. */
import { errorPage } from '../../views/pages/error'
import type { RequestContext } from '../context'
import { page, pageFrame } from './page'
import type { PageError } from './page-error'

/** `here` is where the page is found again, when that is not the address it was asked for at. */
export function errorPageAnswer(ctx: RequestContext, error: PageError, here?: string): Response {
  const { status, headers } = error
  const frame = pageFrame(ctx, undefined, { here })
  return page(errorPage(frame, { status, ...error.text(frame.t) }), { status, headers })
}
