/** Parameters of an authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1), read from a query string or form. */
import { type Form, MalformedForm, parseForm } from '../../edge/form'
import { PageError } from '../../edge/page-error'

export interface Parameters {
  readonly values: Readonly<Record<string, string | undefined>>
  /** Names that came more than once (RFC 6749 §3.1 forbids it). */
  readonly repeated: ReadonlySet<string>
}

/** Throws the local page when nothing about the request is certain. */
export function readParameters(query: string): Parameters {
  const repeated = new Set<string>()
  try {
    return { values: parseForm(query, (name) => repeated.add(name)), repeated }
  } catch (error) {
    if (error instanceof MalformedForm) throw new PageError(400, (t) => t.errors.authorization.malformed)
    throw error
  }
}

/** Of a form, whose parser has refused repetitions. */
export const parametersOf = (values: Form | Record<string, string | undefined>): Parameters => ({
  values,
  repeated: new Set(),
})

/** What decides about the answer; the rest of a request decides how the person is asked. */
const KEPT = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'resource'],
  ...['code_challenge', 'code_challenge_method'],
]

/** The part of a request that is kept until the decision. */
export function keptParameters({ values }: Parameters, scope: string): Record<string, string> {
  const present = KEPT.flatMap((name): [string, string][] => (values[name] ? [[name, values[name]]] : []))
  return { ...Object.fromEntries(present), scope }
}

export const MAX_STATE_BYTES = 1024

/** The `state` that answers carry, unless it is too long or there is more than one. */
export function usableState({ values, repeated }: Parameters): string | undefined {
  const { state } = values
  const usable = state !== undefined && !repeated.has('state') && Buffer.byteLength(state) <= MAX_STATE_BYTES
  return usable ? state : undefined
}
