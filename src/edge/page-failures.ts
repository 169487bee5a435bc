/** From what was thrown to what a person may be told. */
import type { Context } from '../context'
import { causeOf, isRefusedInput } from './elysia-errors'
import { isUnavailable, logFailure, RETRY_AFTER_SECONDS } from './failures'
import { PageError } from './page-error'

/** Whether the answer will be looked at in a browser. */
export const acceptsPages = (request: Request): boolean => request.headers.get('accept')?.includes('text/html') ?? false

/** Logs what is not the sender's fault. */
export function asPageError(context: Context, request: Request, thrown: unknown): PageError {
  const error = causeOf(thrown)
  if (error instanceof PageError) return error
  if (isRefusedInput(error)) return new PageError(400, (t) => t.errors.formNotUnderstood)
  logFailure(context, request, error)
  if (isUnavailable(error))
    return new PageError(503, (t) => t.errors.unavailable, { 'Retry-After': RETRY_AFTER_SECONDS })
  return new PageError(500, (t) => t.errors.unexpected)
}
