/** From what was typed to what is stored, or to everything that is wrong with it. Who may set what is decided here. */
import type { RedirectUriFault } from '../oauth/redirect-uri'
import { formatScope, scopeNames } from '../oauth/scope'
import { tokenProfile } from '../tokens/lifetimes'
import type { ClientInput } from './client-input'
import type { Client } from './clients'
import type { ClientFields } from './fields'
import {
  badRedirectUri,
  clientUriProblem,
  DEFAULT_SCOPES,
  grantsFault,
  grantTypesText,
  MOST_REDIRECT_URIS,
  nameFault,
  normaliseName,
  OPEN_SCOPES,
} from './metadata'

/** `field` is the name of a form field; `grants` is that of its three switches. */
export type ClientProblem =
  | { readonly field: 'client_name'; readonly problem: 'name_required' | 'name_invisible' | 'name_long' }
  | { readonly field: 'description'; readonly problem: 'description_invisible' | 'description_long' }
  | { readonly field: 'client_uri'; readonly problem: 'not_web_address' }
  | { readonly field: 'grants'; readonly problem: 'no_grant' | 'credentials_need_secret' }
  | { readonly field: 'redirect_uris'; readonly problem: 'uri_missing' }
  | { readonly field: UriField; readonly problem: 'too_many_uris' }
  | { readonly field: UriField; readonly problem: 'bad_uri'; readonly uri: string; readonly fault: RedirectUriFault }
  | { readonly field: 'scopes'; readonly problem: 'scope_reserved' | 'scope_malformed'; readonly scope: string }
  | { readonly field: 'scopes'; readonly problem: 'scopes_long' }
  | { readonly field: 'project'; readonly problem: 'project' }
  | { readonly field: 'service_account'; readonly problem: 'service_account' }
  | { readonly field: 'token_profile'; readonly problem: 'token_profile' }

type UriField = 'redirect_uris' | 'post_logout_redirect_uris' | 'backchannel_logout_uri'

/** An owner gets the open scopes and those an administrator gave the client, and neither profile nor introspection. */
export type Rights = 'owner' | 'admin'

export type CheckedClient = { readonly fields: ClientFields } | { readonly problems: readonly ClientProblem[] }

const LONGEST_DESCRIPTION = 1000
const LONGEST_SCOPES = 1000
/** Control characters but for tabs and line ends, half characters, and what turns the direction of text around. */
const UNFIT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cs}]/u
const SCOPE_NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const PROJECT = /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])$/
const SERVICE_ACCOUNT = /^[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,254}$/

/**
 * `live` is the client that is changed; without it the input is a new one. Of a new one without any grant the device
 * flow is switched on.
 */
export function checkClient(input: ClientInput, rights: Rights, live?: Client): CheckedClient {
  const fields = read(input, rights, live)
  const problems = [
    ...nameProblems(fields, live),
    ...grantProblems(fields),
    ...uriProblems(fields, live),
    ...scopeProblems(fields, rights, live),
    ...otherProblems(fields, rights),
  ]
  return problems.length > 0 ? { problems } : { fields }
}

function read(input: ClientInput, rights: Rights, live: Client | undefined): ClientFields {
  const clientType = input.clientType === 'public' ? 'public' : 'confidential'
  const { enableDeviceFlow, enableAuthCodeFlow, enableClientCredentialsFlow } = input
  const none = !enableDeviceFlow && !enableAuthCodeFlow && !enableClientCredentialsFlow
  const flags = {
    enableDeviceFlow: enableDeviceFlow || (none && !live),
    enableAuthCodeFlow,
    enableClientCredentialsFlow,
  }
  const scopes = scopeNames(input.scopes)
  const decided = rights === 'admin' ? input : { ...NEW, ...live }
  return {
    clientName: normaliseName(input.clientName),
    description: input.description.replaceAll(/\r\n?/g, '\n').trim().normalize('NFC'),
    clientUri: input.clientUri.trim(),
    clientType,
    // A method that a client named when it registered itself holds as long as it is of that type.
    tokenEndpointAuthMethod: live?.clientType === clientType ? live.tokenEndpointAuthMethod : null,
    ...flags,
    grantTypes: grantTypesText(flags) + (live && hasRefreshToken(live) ? ' refresh_token' : ''),
    scopes: formatScope(scopes.length > 0 ? scopes : DEFAULT_SCOPES),
    redirectUris: splitUris(input.redirectUris),
    postLogoutRedirectUris: splitUris(input.postLogoutRedirectUris),
    backchannelLogoutUri: input.backchannelLogoutUri.trim(),
    project: input.project.trim(),
    serviceAccount: input.serviceAccount.trim(),
    tokenProfile: decided.tokenProfile.trim() || 'standard',
    allowIntrospection: decided.allowIntrospection && clientType === 'confidential',
  }
}

const NEW = { tokenProfile: 'standard', allowIntrospection: false }

const hasRefreshToken = ({ grantTypes }: Client): boolean => grantTypes.split(' ').includes('refresh_token')

const splitUris = (text: string): string[] =>
  text
    .split(/[,\n\r]/)
    .map((uri) => uri.trim())
    .filter((uri) => uri !== '')

function* nameProblems(fields: ClientFields, live: Client | undefined): Generator<ClientProblem> {
  const { clientName, description, clientUri } = fields
  const fault = clientName === live?.clientName ? undefined : nameFault(clientName)
  if (fault) yield { field: 'client_name', problem: `name_${fault}` }
  if (UNFIT.test(description)) yield { field: 'description', problem: 'description_invisible' }
  if ([...description].length > LONGEST_DESCRIPTION) yield { field: 'description', problem: 'description_long' }
  if (clientUriProblem(clientUri)) yield { field: 'client_uri', problem: 'not_web_address' }
}

function* grantProblems(fields: ClientFields): Generator<ClientProblem> {
  const fault = grantsFault(fields)
  if (fault === 'none') yield { field: 'grants', problem: 'no_grant' }
  if (fault === 'secret') yield { field: 'grants', problem: 'credentials_need_secret' }
  if (fields.enableAuthCodeFlow && fields.redirectUris.length === 0)
    yield { field: 'redirect_uris', problem: 'uri_missing' }
}

function* uriProblems(fields: ClientFields, live: Client | undefined): Generator<ClientProblem> {
  const { clientType, redirectUris, postLogoutRedirectUris, backchannelLogoutUri } = fields
  const before = live?.clientType === clientType ? live : undefined
  yield* urisProblem('redirect_uris', redirectUris, clientType, before?.redirectUris)
  yield* urisProblem('post_logout_redirect_uris', postLogoutRedirectUris, clientType, before?.postLogoutRedirectUris)
  const logout = backchannelLogoutUri === '' ? [] : [backchannelLogoutUri]
  // A server calls it, whatever the client is.
  yield* urisProblem('backchannel_logout_uri', logout, 'confidential', before && [before.backchannelLogoutUri])
}

/** URIs a client has already may have been registered under other rules; they may stay. */
function* urisProblem(
  field: UriField,
  uris: readonly string[],
  clientType: Client['clientType'],
  before: readonly string[] = [],
): Generator<ClientProblem> {
  const added = uris.filter((uri) => !before.includes(uri))
  if (added.length > 0 && uris.length > MOST_REDIRECT_URIS) yield { field, problem: 'too_many_uris' }
  const bad = badRedirectUri(added, clientType)
  if (bad) yield { field, problem: 'bad_uri', ...bad }
}

function* scopeProblems({ scopes }: ClientFields, rights: Rights, live?: Client): Generator<ClientProblem> {
  const names = scopeNames(scopes)
  if (scopes.length > LONGEST_SCOPES) yield { field: 'scopes', problem: 'scopes_long' }
  const malformed = names.find((name) => !SCOPE_NAME.test(name))
  if (malformed !== undefined) return yield { field: 'scopes', problem: 'scope_malformed', scope: malformed }
  if (rights === 'admin') return
  const allowed = new Set([...OPEN_SCOPES, ...scopeNames(live?.scopes ?? '')])
  const reserved = names.find((name) => !allowed.has(name))
  if (reserved !== undefined) yield { field: 'scopes', problem: 'scope_reserved', scope: reserved }
}

function* otherProblems(fields: ClientFields, rights: Rights): Generator<ClientProblem> {
  const { project, serviceAccount } = fields
  if (project !== '' && !PROJECT.test(project)) yield { field: 'project', problem: 'project' }
  if (serviceAccount !== '' && !SERVICE_ACCOUNT.test(serviceAccount))
    yield { field: 'service_account', problem: 'service_account' }
  if (rights === 'admin' && tokenProfile(fields.tokenProfile) === undefined)
    yield { field: 'token_profile', problem: 'token_profile' }
}
