/**
 * Who an authorization request is from and where its answer may go. Everything else is looked at afterwards: until the
 * redirect URI is known to be the client's, errors stay on this server (RFC 6749 §4.1.2.1, RFC 9700 §4.11).
 */
import { type ClientFacts, findClientFacts } from '../../clients/cached-client'
import type { Context } from '../../context'
import { PageError } from '../../edge/page-error'
import { matchRedirectUri, type ValidatedRedirectUri } from '../redirect-uri'
import { type Parameters, usableState } from './parameters'

export type ResponseMode = 'query' | 'form_post'

export interface Target {
  readonly client: ClientFacts
  readonly redirectUri: ValidatedRedirectUri
  /** How the answer gets there; `query` while the request names nothing that works. */
  readonly mode: ResponseMode
  readonly state: string | undefined
}

/** Throws the local page (`PageError`), and `DatabaseUnavailable`. */
export async function requireTarget(ctx: Pick<Context, 'db' | 'caches'>, parameters: Parameters): Promise<Target> {
  const { client_id: clientId = '', redirect_uri: requested = '', response_mode: mode } = parameters.values
  for (const name of ['client_id', 'redirect_uri'])
    if (parameters.repeated.has(name)) throw new PageError(400, (t) => t.errors.authorization.repeated(name))

  const client = await findClientFacts(ctx, clientId)
  // Anybody can register a client that then waits for approval; it must not be able to send people anywhere.
  if (client?.status !== 'active') throw new PageError(400, (t) => t.errors.authorization.unknownClient)
  const redirectUri = matchRedirectUri(requested, client.redirectUris)
  if (redirectUri === undefined) throw new PageError(400, (t) => t.errors.authorization.redirectUri)

  const posts = mode === 'form_post' && !parameters.repeated.has('response_mode') && isWebAddress(redirectUri)
  return { client, redirectUri, mode: posts ? 'form_post' : 'query', state: usableState(parameters) }
}

export const isWebAddress = (uri: string): boolean => /^https?:/i.test(uri)
