/** The error page of an error. */
import { errorPage } from '../../views/pages/error'
import type { RequestContext } from '../context'
import { page, pageFrame } from './page'
import type { PageError } from './page-error'

export function errorPageAnswer(ctx: RequestContext, error: PageError): Response {
  const { status, title, explanation, hint, headers } = error
  return page(errorPage(pageFrame(ctx), { status, title, explanation, hint }), { status, headers })
}
