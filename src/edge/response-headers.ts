/** The last look at an answer: every answer carries the security headers and the request id, whoever made it. */
import type { Context } from '../context'
import type { RequestInfo } from './request-info'
import { pageHeaders, pagePolicy } from './security-headers'

/** Pages whose address must not be told to anybody: it carries codes and what is being decided. */
const CONFIDENTIAL = /^\/(login|device|auth|oauth\/authorize|oauth\/end_session)(\/|$)/

export function createResponseFinish({ settings }: Context): (response: Response, info: RequestInfo) => void {
  const page = Object.entries(pageHeaders(settings))
  const policy = pagePolicy(settings)

  return ({ headers }, { id, path }) => {
    headers.set('X-Request-ID', id)
    // Answers of the protocol, metadata and assets are built with theirs.
    if (headers.has('X-Content-Type-Options')) return
    for (const [name, value] of page) if (!headers.has(name)) headers.set(name, value)
    if (CONFIDENTIAL.test(path)) headers.set('Referrer-Policy', 'no-referrer')
    const own = headers.get('Content-Security-Policy') ?? "form-action 'self'"
    headers.set('Content-Security-Policy', `${policy}; ${own}`)
  }
}

/** `Vary` gets the further value; others are replaced. */
export function addHeaders(headers: Headers, more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(more)) {
    if (name === 'Vary') headers.append(name, value)
    else headers.set(name, value)
  }
}
