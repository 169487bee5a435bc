/**
 * Who an authorization request is from and where its answer may go. Everything else is looked at afterwards: until the
 * redirect URI is known to be the client's, errors stay on this server (RFC 6749 §4.1.2.1, RFC 9700 §4.11).
 */
import { type Client, findClient } from '../../clients/clients'
import type { Context } from '../../context'
import { PageError } from '../../edge/page-error'
import { matchRedirectUri, type ValidatedRedirectUri } from '../redirect-uri'
import { type Parameters, usableState } from './parameters'

export type ResponseMode = 'query' | 'form_post'

export interface Target {
  readonly client: Client
  readonly redirectUri: ValidatedRedirectUri
  /** How the answer gets there; `query` while the request names nothing that works. */
  readonly mode: ResponseMode
  readonly state: string | undefined
}

const HINT = 'Go back to the application and start again. If it happens again, tell whoever runs the application.'

const refuse = (explanation: string): PageError => new PageError(400, 'Sign-in request refused', explanation, HINT)

const unknownClient = () =>
  refuse('This server does not know the application, or it is not active (unauthorized_client).')

/** Throws the local page (`PageError`), and `DatabaseUnavailable`. */
export async function requireTarget(ctx: Pick<Context, 'db'>, parameters: Parameters): Promise<Target> {
  const { client_id: clientId = '', redirect_uri: requested = '', response_mode: mode } = parameters.values
  for (const name of ['client_id', 'redirect_uri'])
    if (parameters.repeated.has(name)) throw refuse(`Parameter ${name} must not be repeated (invalid_request).`)

  const client = await findClient(ctx, clientId)
  // Anybody can register a client that then waits for approval; it must not be able to send people anywhere.
  if (client?.status !== 'active') throw unknownClient()
  const redirectUri = matchRedirectUri(requested, client.redirectUris)
  if (redirectUri === undefined)
    throw refuse(
      'The address to return to is not registered for the application: invalid redirect_uri (invalid_request).',
    )

  const posts = mode === 'form_post' && !parameters.repeated.has('response_mode') && isWebAddress(redirectUri)
  return { client, redirectUri, mode: posts ? 'form_post' : 'query', state: usableState(parameters) }
}

export const isWebAddress = (uri: string): boolean => /^https?:/i.test(uri)
