/** The error page of an error. */
import { errorPage } from '../../views/pages/error'
import type { RequestContext } from '../context'
import { page, pageFrame } from './page'
import type { PageError } from './page-error'

export function errorPageAnswer(ctx: RequestContext, error: PageError): Response {
  const { status, headers } = error
  const frame = pageFrame(ctx)
  return page(errorPage(frame, { status, ...error.text(frame.t) }), { status, headers })
}
