/** Bodies of protocol requests (RFC 6749 §3.2, Appendix B). */
import { BODY_LIMIT, BodyTooLarge, mediaType, readText } from './body'
import { type Form, MalformedForm, parseForm, RepeatedParameter } from './form'
import { OAuthError } from './oauth-error'

const FORM = 'application/x-www-form-urlencoded'

/** Secrets that must never be in a URL, where logs, histories and proxies keep them (RFC 9700 §4.3.2). */
const NEVER_IN_URL = ['client_secret', 'token', 'access_token', 'code', 'refresh_token']

export interface BodyOptions {
  /** Also reads an `application/json` object. */
  readonly json?: boolean
  /** A body of another kind, or none, is an empty form. */
  readonly bodyOptional?: boolean
  /** No body is read: the form is empty. */
  readonly unread?: boolean
}

/** Throws `OAuthError`. */
export async function readProtocolBody(request: Request, { json, bodyOptional, unread }: BodyOptions): Promise<Form> {
  if (request.url.includes('?') && namesCredentials(new URL(request.url).searchParams))
    throw new OAuthError('invalid_request', 'Credentials must be sent in the request body')
  if (unread) return Object.create(null)
  const type = mediaType(request)
  try {
    if (type === FORM) {
      const text = await readText(request)
      if (text.length > BODY_LIMIT) throw new BodyTooLarge('body too large')
      return parseForm(text)
    }
    if (json && type === 'application/json') return parseJsonForm(await readText(request))
  } catch (error) {
    throw asOAuthError(error)
  }
  if (bodyOptional) return Object.create(null)
  throw new OAuthError('invalid_request', `Content-Type must be ${FORM}`)
}

const namesCredentials = (query: URLSearchParams): boolean => NEVER_IN_URL.some((name) => query.has(name))

function asOAuthError(error: unknown): unknown {
  if (error instanceof BodyTooLarge) return new OAuthError('invalid_request', 'Request body too large', 413)
  if (error instanceof RepeatedParameter) return new OAuthError('invalid_request', repetition(error.parameter))
  if (error instanceof MalformedForm) return new OAuthError('invalid_request', 'Malformed request')
  return error
}

/** Names the parameter if its name may stand in `error_description` (RFC 6749 §5.2). */
const repetition = (name: string): string =>
  /^[\w.-]{1,40}$/.test(name) ? `Parameter ${name} must not be repeated` : 'A parameter must not be repeated'

/** The members of an object that are texts; all others count as absent, and empty ones as in a form. */
function parseJsonForm(text: string): Form {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new MalformedForm('not JSON')
  }
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new MalformedForm('not an object')
  const form: Form = Object.create(null)
  for (const [name, value] of Object.entries(parsed ?? {})) {
    if (typeof value !== 'string' || value === '') continue
    if (value.includes('\u0000')) throw new MalformedForm('NUL')
    form[name] = value
  }
  return form
}
