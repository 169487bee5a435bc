/** What an application asks for when it sends a browser to be signed out (RP-Initiated Logout §2, §3). */
import type { LogoutProblem } from '../../../views/pages/end-session'
import { type Client, findClient } from '../../clients/clients'
import type { Context } from '../../context'
import { MalformedForm, parseForm, RepeatedParameter } from '../../edge/form'
import { PageError } from '../../edge/page-error'
import type { BrowserSession } from '../../identity/sessions'
import { type IdTokenHint, readIdTokenHint } from '../id-token-hint'

/** Other parameters, `logout_hint` and `ui_locales` among them, change nothing here. */
export const LOGOUT_PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const

export type LogoutParameters = { readonly [Name in (typeof LOGOUT_PARAMETERS)[number]]?: string }

export interface LogoutRequest {
  /** Who asks, as far as it says so. */
  readonly client?: Client
  readonly hint?: IdTokenHint
  /** Registered for the client, with `state`; without it the browser stays here. */
  readonly destination?: Destination
  /** Why the browser will not go back, whatever was asked for. */
  readonly problem?: LogoutProblem
}

declare const registered: unique symbol

/** Only made of an address that the client registered for this purpose. */
export type Destination = string & { readonly [registered]: true }

/** The parameters of a URL. Throws the 400 page for those that mean different things to different readers. */
export function readLogoutQuery(request: Request): LogoutParameters {
  const { url } = request
  const queryStart = url.indexOf('?')
  try {
    return queryStart === -1 ? {} : parseForm(url.slice(queryStart + 1))
  } catch (error) {
    if (error instanceof MalformedForm || error instanceof RepeatedParameter)
      throw new PageError(400, (t) => t.errors.logout.malformed)
    throw error
  }
}

/** Nothing of a request with an error is followed but the wish to sign out (§4). Throws `DatabaseUnavailable`. */
export async function checkLogoutRequest(ctx: Context, parameters: LogoutParameters): Promise<LogoutRequest> {
  const { id_token_hint: token, client_id: named, post_logout_redirect_uri: uri, state } = parameters
  const hint = token === undefined ? undefined : readIdTokenHint(ctx, token)
  if (token !== undefined && !hint) return { problem: 'unproven' }
  if (hint && named !== undefined && named !== hint.clientId) return { problem: 'named_another' }

  const clientId = hint?.clientId ?? named
  if (clientId === undefined) return uri === undefined ? {} : { problem: 'unnamed' }
  const client = await findClient(ctx, clientId)
  if (client?.status !== 'active') return { problem: 'unknown' }

  if (uri === undefined) return { client, hint }
  // Byte for byte: whatever is read more generously here leads somewhere else there (§3).
  if (!client.postLogoutRedirectUris.includes(uri)) return { client, problem: 'unregistered' }
  return { client, hint, destination: withState(uri, state) }
}

function withState(uri: string, state: string | undefined): Destination {
  if (state === undefined) return uri as Destination
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}` as Destination
}

/**
 * Whether the application shows a token that was made for this session and its user. Everybody else, other sites
 * included, could also have sent the browser here: then the person is asked (§6).
 */
export const provesSession = ({ hint }: LogoutRequest, session: BrowserSession): boolean =>
  hint !== undefined && hint.userId === session.user.id && hint.sid === session.sid
