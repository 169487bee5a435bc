/** What an authorization request asks for, checked. Its errors go to the client (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6). */
import type { Context } from '../../context'
import { OAuthError } from '../../edge/oauth-error'
import { type IdTokenHint, readIdTokenHint } from '../id-token-hint'
import { isCodeChallenge } from '../pkce'
import { parseScope, scopeNames, withinScope } from '../scope'
import { MAX_STATE_BYTES, type Parameters } from './parameters'
import { isWebAddress, type Target } from './target'

const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const
type Prompt = (typeof PROMPTS)[number]

export { PROMPTS }

export interface AuthorizationRequest extends Target {
  readonly scopes: readonly string[]
  /** Space separated; empty means every audience (RFC 8707). */
  readonly resource: string
  readonly nonce: string
  /** S256; empty without PKCE. */
  readonly codeChallenge: string
  readonly prompt: ReadonlySet<Prompt>
  readonly maxAgeSeconds: number | undefined
  /** Whose ID token came along. */
  readonly hint: IdTokenHint | undefined
}

/** An error that the client is told by redirect. */
export class AuthorizationRefused extends Error {
  constructor(
    readonly target: Target,
    readonly error: string,
    readonly description: string = error,
  ) {
    super(description)
    this.name = 'AuthorizationRefused'
  }
}

const MAX_NONCE_BYTES = 1024
const KNOWN = [
  ...['response_type', 'response_mode', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method'],
  ...['prompt', 'max_age', 'login_hint', 'id_token_hint', 'display', 'ui_locales', 'acr_values', 'claims'],
  ...['request', 'request_uri', 'registration'],
]
/** Whatever they say would be ignored, and a client that sends them relies on it (OIDC Core §6, §7.2.1). */
const UNSUPPORTED = ['request', 'request_uri', 'registration']

/** Throws `AuthorizationRefused`. */
export function requireRequest(
  ctx: Pick<Context, 'settings' | 'keys'>,
  target: Target,
  parameters: Parameters,
): AuthorizationRequest {
  const { values, repeated } = parameters
  const refuse = (error: string, description?: string) => new AuthorizationRefused(target, error, description)

  for (const name of KNOWN)
    if (repeated.has(name)) throw refuse('invalid_request', `Parameter ${name} must not be repeated`)
  if (!target.client.enableAuthCodeFlow) throw refuse('unauthorized_client')
  for (const name of UNSUPPORTED) if (values[name] !== undefined) throw refuse(`${name}_not_supported`)
  if (values.response_type === undefined) throw refuse('invalid_request', 'response_type is required')
  if (values.response_type !== 'code') throw refuse('unsupported_response_type')
  requireResponseMode(target, values.response_mode)
  if (Buffer.byteLength(values.state ?? '') > MAX_STATE_BYTES)
    throw refuse('invalid_request', 'state parameter exceeds maximum length')
  if (Buffer.byteLength(values.nonce ?? '') > MAX_NONCE_BYTES)
    throw refuse('invalid_request', 'nonce parameter exceeds maximum length')

  return {
    ...target,
    scopes: requestedScopes(target, values.scope),
    codeChallenge: requirePkce(ctx, target, parameters),
    resource: requireResource(ctx, target, values.resource),
    nonce: values.nonce ?? '',
    prompt: requirePrompt(target, values.prompt),
    maxAgeSeconds: requireMaxAge(target, values.max_age),
    hint: requireHint(ctx, target, values.id_token_hint),
  }
}

function requireResponseMode(target: Target, mode: string | undefined): void {
  if (mode === undefined || mode === 'query') return
  if (mode !== 'form_post') throw new AuthorizationRefused(target, 'invalid_request', 'response_mode is not supported')
  if (!isWebAddress(target.redirectUri))
    throw new AuthorizationRefused(target, 'invalid_request', 'response_mode form_post needs an http redirect_uri')
}

/** Nothing asked for means everything the client is registered for; more than that is refused, not narrowed. */
function requestedScopes(target: Target, scope: string | undefined): string[] {
  const { scopes: registered } = target.client
  let names: string[]
  try {
    names = parseScope(scope ?? '')
  } catch (error) {
    if (error instanceof OAuthError) throw new AuthorizationRefused(target, error.error, error.description)
    throw error
  }
  if (withinScope(names, registered).length < names.length) throw new AuthorizationRefused(target, 'invalid_scope')
  return names.length > 0 ? names : scopeNames(registered)
}

/** Challenge and method together or not at all; public clients always (RFC 9700 §2.1.1, RFC 7636 §4.4.1). */
function requirePkce({ settings }: Pick<Context, 'settings'>, target: Target, { values }: Parameters): string {
  const { code_challenge: challenge, code_challenge_method: method } = values
  const refuse = (description?: string) => new AuthorizationRefused(target, 'invalid_request', description)
  if (method === undefined && target.client.clientType === 'public') throw refuse('pkce required for public clients')
  if (method !== undefined && method !== 'S256') throw refuse()
  if (challenge === undefined) {
    if (method !== undefined || settings.PKCE_REQUIRED) throw refuse('code_challenge is required')
    return ''
  }
  if (method === undefined) throw refuse('code_challenge_method is required')
  if (!isCodeChallenge(challenge)) throw refuse('code_challenge is malformed')
  return challenge
}

/** Audiences of this server's tokens (RFC 8707 §2); the form parser joined repetitions by a blank. */
function requireResource(
  { settings }: Pick<Context, 'settings'>,
  target: Target,
  resource: string | undefined,
): string {
  const names = [...new Set((resource ?? '').split(' ').filter((name) => name !== ''))]
  if (!names.every((name) => settings.JWT_AUDIENCE.includes(name)))
    throw new AuthorizationRefused(target, 'invalid_target', 'Requested resource is unknown')
  return names.join(' ')
}

const isPrompt = (name: string): name is Prompt => (PROMPTS as readonly string[]).includes(name)

function requirePrompt(target: Target, prompt: string | undefined): ReadonlySet<Prompt> {
  const names = (prompt ?? '').split(' ').filter((name) => name !== '')
  if (!names.every(isPrompt)) throw new AuthorizationRefused(target, 'invalid_request', 'prompt is not supported')
  const prompts = new Set(names)
  if (prompts.has('none') && prompts.size > 1)
    throw new AuthorizationRefused(target, 'invalid_request', 'prompt none cannot be combined')
  return prompts
}

function requireMaxAge(target: Target, maxAge: string | undefined): number | undefined {
  if (maxAge === undefined) return undefined
  if (!/^\d{1,10}$/.test(maxAge)) throw new AuthorizationRefused(target, 'invalid_request', 'max_age is malformed')
  return Number(maxAge)
}

function requireHint(
  ctx: Pick<Context, 'settings' | 'keys'>,
  target: Target,
  token: string | undefined,
): IdTokenHint | undefined {
  if (token === undefined) return undefined
  const hint = readIdTokenHint(ctx, token)
  // Another client's ID token says nothing about whom this client means.
  if (hint?.clientId !== target.client.clientId)
    throw new AuthorizationRefused(target, 'invalid_request', 'id_token_hint is not valid')
  return hint
}
