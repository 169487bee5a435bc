/** What went wrong in a request, sorted by what may be said about it. */
import type { Context } from '../context'
import { DatabaseUnavailable } from '../db/errors'
import { PasswordQueueFull } from '../identity/password'
import { attachRequestInfo, requestInfo } from './request-context'

/** Seconds after which a client should try again. */
export const RETRY_AFTER_SECONDS = '5'

export const UNAVAILABLE_TEXT = 'Service temporarily unavailable. Please try again.'

/** The request is in order; the server cannot serve it now. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || error instanceof PasswordQueueFull

/** One line, without the error's message: messages of drivers and parsers quote what they were given. */
export function logFailure(ctx: Context, request: Request, error: unknown): void {
  const info = requestInfo(request)
  const { id, method, path } = info
  attachRequestInfo(request, { ...info, failure: errorName(error) })
  const fields = { request_id: id, method, path, ...errorFields(error) }
  // Anybody can close a connection in the middle of a body, as often as they like.
  if (error instanceof Error && error.name === 'AbortError') ctx.log.debug(fields, 'Client went away')
  else if (isUnavailable(error)) ctx.log.warn(fields, 'Request refused: temporarily unavailable')
  else ctx.log.error(fields, 'Request failed unexpectedly')
}

const errorName = (error: unknown): string => (error instanceof Error ? error.name.slice(0, 60) : typeof error)

const MAX_FRAMES = 4

/** Name, code and where it happened. */
function errorFields(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { error: typeof error }
  const { code, reason } = error as { code?: unknown; reason?: unknown }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return {
    error: error.name,
    ...(code !== undefined && { code: String(code).slice(0, 60) }),
    ...(error instanceof DatabaseUnavailable && { code: String(reason) }),
    ...(frames.length > 0 && { at: frames.slice(0, MAX_FRAMES).join(' ').replaceAll('    at ', '< ') }),
  }
}
