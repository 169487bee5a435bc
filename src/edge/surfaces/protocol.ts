/**
 * What programs call: OAuth endpoints. Forms in, JSON out, nothing cached, no cookies.
 *
 * Errors are the protocol's own (RFC 6749 §5.2), whatever their cause.
 */
import { Elysia, ElysiaCustomStatusResponse } from 'elysia'
import type { Context } from '../../context'
import { causeOf, isRefusedInput } from '../elysia-errors'
import { isUnavailable, logFailure, RETRY_AFTER_SECONDS } from '../failures'
import { OAuthError } from '../oauth-error'
import { readProtocolBody } from '../protocol-body'
import { requestContext } from '../request-context'
import { dataHeaders } from '../security-headers'

export interface ProtocolOptions {
  /** Also reads an `application/json` object. Default: forms only. */
  readonly json?: boolean
  /** Leaves bodies that are no form unread instead of refusing them. */
  readonly bodyOptional?: boolean
  /** Leaves every body to the endpoint, which has to look at other things first. */
  readonly unread?: boolean
}

/** A new plugin for one feature; the hooks are its own. */
export function protocolSurface(context: Context, options: ProtocolOptions = {}) {
  // A Headers object, because copying one costs a third of reading a record.
  const headers = new Headers({
    ...dataHeaders(context.settings),
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  })
  const answer = (body: unknown, status: number) => new Response(JSON.stringify(body), { status, headers })
  const refuse = (error: OAuthError): Response => {
    const response = answer(errorBody(error), error.status)
    for (const name in error.headers) response.headers.set(name, error.headers[name] ?? '')
    return response
  }

  return new Elysia()
    .onParse(({ request }) => readProtocolBody(request, options))
    .derive(({ request }) => ({ ctx: requestContext(context, request) }))
    .mapResponse(({ responseValue: value }) => {
      if (value instanceof Response) return value
      return value instanceof ElysiaCustomStatusResponse ? answer(value.response, value.code) : answer(value, 200)
    })
    .onError(({ error, request, set }) => {
      // The answer is complete: with a status here Elysia would copy it, and waiting devices are refused all the time.
      set.status = 200
      return refuse(asOAuthError(context, request, error))
    })
}

function asOAuthError(context: Context, request: Request, thrown: unknown): OAuthError {
  const error = causeOf(thrown)
  if (error instanceof OAuthError) return error
  // A value of the wrong kind: its name and content stay out of the answer.
  if (isRefusedInput(error)) return new OAuthError('invalid_request', 'Malformed request')
  logFailure(context, request, error)
  if (isUnavailable(error))
    return new OAuthError('temporarily_unavailable', 'Try again later', 503, { 'Retry-After': RETRY_AFTER_SECONDS })
  return new OAuthError('server_error', 'Internal error', 500)
}

const errorBody = ({ error, description }: OAuthError) =>
  description === '' ? { error } : { error, error_description: description }
