/** Client metadata as a client sends it (RFC 7591 §2), read and checked. */
import { t } from 'elysia'
import {
  backchannelLogoutUriProblem,
  clientUriProblem,
  DEFAULT_SCOPES,
  type GrantFlags,
  grantsProblem,
  grantTypesText,
  nameProblem,
  normaliseName,
  OPEN_SCOPES,
  redirectUrisProblem,
  reservedScope,
} from '../../clients/metadata'
import type { RegisteredFields } from '../../clients/registrations'
import { BodyTooLarge, mediaType, readText } from '../../edge/body'
import { OAuthError } from '../../edge/oauth-error'
import { deviceCode } from '../grants/device-code'
import { formatScope, scopeNames } from '../scope'

const names = t.Optional(t.Array(t.String()))
const oneText = t.Optional(t.String())

/**
 * The members a client may send, for the description of the endpoints. What is sent is read by the endpoint itself,
 * after the token, and checked by `checkMetadata`: its errors have texts of their own.
 */
export const ClientMetadata = t.Object({
  client_name: oneText,
  redirect_uris: names,
  post_logout_redirect_uris: names,
  backchannel_logout_uri: oneText,
  grant_types: names,
  response_types: names,
  token_endpoint_auth_method: oneText,
  scope: oneText,
  client_uri: oneText,
  application_type: oneText,
})

export type Json = Readonly<Record<string, unknown>>

export const invalidMetadata = (description: string): OAuthError =>
  new OAuthError('invalid_client_metadata', description)

/** What is wrong with the body stays unsaid: the texts of a parser quote it. */
const malformed = () => invalidMetadata('Invalid request body')

/** The JSON object of a request. Throws `OAuthError`. */
export async function readMetadata(request: Request): Promise<Json> {
  if (mediaType(request) !== 'application/json') throw malformed()
  let value: unknown
  try {
    value = JSON.parse(await readText(request))
  } catch (error) {
    if (error instanceof BodyTooLarge) throw new OAuthError('invalid_request', 'Request body too large', 413)
    if (error instanceof SyntaxError || error instanceof RangeError) throw malformed()
    throw error
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  return value as Json
}

/** A text, empty when it is absent or null, which mean the same (RFC 7592 §2.2). */
export function text(json: Json, name: string): string {
  const value = member(json, name)
  if (value === undefined) return ''
  if (typeof value !== 'string') throw malformed()
  return value
}

function texts(json: Json, name: string): string[] | undefined {
  const value = member(json, name)
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw malformed()
  return value
}

const member = (json: Json, name: string): unknown =>
  Object.hasOwn(json, name) ? (json[name] ?? undefined) : undefined

/** Checked metadata: what is stored, and what is only answered. */
export interface RequestedMetadata {
  readonly fields: RegisteredFields
  readonly applicationType?: string
}

/** Throws `OAuthError` with the first thing that is wrong. Members nobody knows are ignored (RFC 7591 §2). */
export function checkMetadata(json: Json): RequestedMetadata {
  // Of a statement nobody here trusts no claim may be taken (RFC 7591 §3.1.1).
  if (member(json, 'software_statement') !== undefined)
    throw new OAuthError('invalid_software_statement', 'Software statements are not supported')
  const clientName = nameOf(json)
  const grants = grantsOf(json)
  const method = methodOf(json)
  const clientType = method === 'none' ? 'public' : 'confidential'
  const scopes = scopesOf(json)
  const redirectUris = texts(json, 'redirect_uris') ?? []
  const flags = { ...grants.flags, enableClientCredentialsFlow: false }
  const problem = grantsProblem({ ...flags, clientType, redirectUris })
  if (problem) throw invalidMetadata(problem)
  const badUri = redirectUrisProblem(redirectUris, clientType)
  if (badUri) throw new OAuthError('invalid_redirect_uri', `invalid redirect_uri: ${badUri}`)
  const postLogoutRedirectUris = texts(json, 'post_logout_redirect_uris') ?? []
  const badTarget = redirectUrisProblem(postLogoutRedirectUris, clientType)
  if (badTarget) throw invalidMetadata(`invalid post_logout_redirect_uri: ${badTarget}`)
  checkResponseTypes(json, flags)
  return {
    fields: {
      clientName,
      clientUri: clientUriOf(json),
      redirectUris,
      postLogoutRedirectUris,
      backchannelLogoutUri: backchannelLogoutUriOf(json),
      scopes,
      grantTypes: grantTypesText(flags) + (grants.refresh ? ' refresh_token' : ''),
      enableDeviceFlow: flags.enableDeviceFlow,
      enableAuthCodeFlow: flags.enableAuthCodeFlow,
      clientType,
      tokenEndpointAuthMethod: method,
    },
    ...applicationTypeOf(json),
  }
}

function nameOf(json: Json): string {
  const name = normaliseName(text(json, 'client_name'))
  const problem = nameProblem(name)
  if (problem) throw invalidMetadata(`client_name ${problem}`)
  return name
}

const DEVICE = new Set([deviceCode.grantType, 'device_code'])

function grantsOf(json: Json): {
  flags: Pick<GrantFlags, 'enableDeviceFlow' | 'enableAuthCodeFlow'>
  refresh: boolean
} {
  const sent = texts(json, 'grant_types') ?? []
  for (const name of sent) {
    if (name === 'authorization_code' || name === 'refresh_token' || DEVICE.has(name)) continue
    throw unsupported('grant_type', name, 'Supported: authorization_code, device_code')
  }
  const enableDeviceFlow = sent.some((name) => DEVICE.has(name))
  const enableAuthCodeFlow = sent.includes('authorization_code') || sent.length === 0
  const refresh = sent.includes('refresh_token')
  if (!enableDeviceFlow && !enableAuthCodeFlow)
    throw invalidMetadata('grant_type refresh_token needs another one that issues refresh tokens')
  return { flags: { enableDeviceFlow, enableAuthCodeFlow }, refresh }
}

const METHODS = ['none', 'client_secret_basic', 'client_secret_post']

function methodOf(json: Json): string {
  const method = text(json, 'token_endpoint_auth_method') || 'client_secret_basic'
  if (!METHODS.includes(method))
    throw unsupported('token_endpoint_auth_method', method, `Supported: ${METHODS.join(', ')}`)
  return method
}

function scopesOf(json: Json): string {
  const names = scopeNames(text(json, 'scope'))
  const reserved = reservedScope(names)
  if (reserved !== undefined) throw unsupported('scope', reserved, `Allowed: ${OPEN_SCOPES.join(', ')}`)
  return formatScope(names.length > 0 ? names : DEFAULT_SCOPES)
}

/** The code flow has one response type, the device flow none (RFC 7591 §2.1). */
function checkResponseTypes(json: Json, { enableAuthCodeFlow }: GrantFlags): void {
  const sent = texts(json, 'response_types')
  if (sent === undefined) return
  for (const name of sent) if (name !== 'code') throw unsupported('response_type', name, 'Supported: code')
  if (sent.includes('code') !== enableAuthCodeFlow)
    throw invalidMetadata('response_types and grant_types do not belong together: code needs authorization_code')
}

function clientUriOf(json: Json): string {
  const uri = text(json, 'client_uri')
  const problem = clientUriProblem(uri)
  if (problem) throw invalidMetadata(`client_uri ${problem}`)
  return uri
}

function backchannelLogoutUriOf(json: Json): string {
  const uri = text(json, 'backchannel_logout_uri')
  const problem = backchannelLogoutUriProblem(uri)
  if (problem) throw invalidMetadata(`invalid backchannel_logout_uri: ${problem}`)
  return uri
}

const APPLICATION_TYPES = ['web', 'native']

function applicationTypeOf(json: Json): { applicationType?: string } {
  const applicationType = text(json, 'application_type')
  if (applicationType === '') return {}
  if (!APPLICATION_TYPES.includes(applicationType))
    throw unsupported('application_type', applicationType, `Supported: ${APPLICATION_TYPES.join(', ')}`)
  return { applicationType }
}

/** Names the value, as far as it may stand in an error description (RFC 6749 §5.2). */
const unsupported = (field: string, value: string, supported: string): OAuthError =>
  invalidMetadata(`Unsupported ${field}: ${value.slice(0, 100).replace(/[^\x20-\x7e]|["\\]/g, '?')}. ${supported}`)
