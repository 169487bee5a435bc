/** What an OpenID provider publishes about itself: its metadata (OIDC Discovery §4) and its keys (RFC 7517). */
import type { Clock } from '../../context'
import { type Json, jsonObject, type ProviderClient } from './client'
import { ProviderFailure } from './provider'

export interface Metadata {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userinfoEndpoint: string | undefined
  readonly jwksUri: string
  /** Whether `client_secret_post` is the only of the two that the provider takes. */
  readonly needsPost: boolean
  /** RFC 9207 §3: every answer names the issuer; one that does not is forged. */
  readonly sendsIss: boolean
}

export interface Jwk extends Json {
  readonly kid?: string
}

export interface OpenIdServer {
  /** Throws `ProviderFailure`. */
  metadata(): Promise<Metadata>
  /** `again` asks the provider anew, for a key that is not among those known. Throws `ProviderFailure`. */
  keys(again?: boolean): Promise<readonly Jwk[]>
}

const METADATA_MS = 3_600_000
const KEYS_MS = 3_600_000
/** Tokens with made-up key ids must not turn this server into a source of requests. */
const KEYS_AGAIN_MS = 30_000
const MOST_KEYS = 100

export interface OpenIdServerOptions {
  readonly client: ProviderClient
  readonly clock: Clock
  /** Address of the discovery document without `/.well-known/openid-configuration`. */
  readonly base: string
  /** Whether the document may name this issuer (OIDC Discovery §4.3). */
  isIssuer(issuer: string): boolean
}

export function createOpenIdServer({ client, clock, base, isIssuer }: OpenIdServerOptions): OpenIdServer {
  const allowsHttp = base.startsWith('http:')
  const metadata = remembered(clock, METADATA_MS, async () => {
    const url = `${base.replace(/\/$/, '')}/.well-known/openid-configuration`
    const answer = await client({ step: 'start', url })
    if (answer.status !== 200) throw new ProviderFailure('start', `discovery: status ${answer.status}`)
    return readMetadata(jsonObject('start', answer), isIssuer, allowsHttp)
  })
  const keys = remembered(clock, KEYS_MS, async () => {
    const answer = await client({ step: 'profile', url: (await metadata.get()).jwksUri })
    if (answer.status !== 200) throw new ProviderFailure('profile', `keys: status ${answer.status}`)
    return readKeys(jsonObject('profile', answer))
  })
  return { metadata: () => metadata.get(), keys: (again = false) => keys.get(again ? KEYS_AGAIN_MS : undefined) }
}

/** One value, asked for by whoever comes first and shared by all others; a failure is not remembered. */
function remembered<T>(clock: Clock, lifeMs: number, load: () => Promise<T>) {
  let known: { readonly value: Promise<T>; readonly at: number } | undefined
  return {
    get(oldestMs = lifeMs): Promise<T> {
      if (known && clock.now() - known.at < oldestMs) return known.value
      const mine = { value: load(), at: clock.now() }
      known = mine
      mine.value.catch(() => {
        if (known === mine) known = undefined
      })
      return mine.value
    },
  }
}

function readMetadata(document: Json, isIssuer: (issuer: string) => boolean, allowsHttp: boolean): Metadata {
  const { issuer } = document
  if (typeof issuer !== 'string' || !isIssuer(issuer))
    throw new ProviderFailure('start', 'discovery: the document is of another issuer')
  const endpoint = (name: string): string => {
    const url = optionalEndpoint(document[name], allowsHttp)
    if (url === undefined) throw new ProviderFailure('start', `discovery: no usable ${name}`)
    return url
  }
  const methods = document.token_endpoint_auth_methods_supported
  return {
    issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    userinfoEndpoint: optionalEndpoint(document.userinfo_endpoint, allowsHttp),
    jwksUri: endpoint('jwks_uri'),
    needsPost:
      Array.isArray(methods) && !methods.includes('client_secret_basic') && methods.includes('client_secret_post'),
    sendsIss: document.authorization_response_iss_parameter_supported === true,
  }
}

function optionalEndpoint(value: unknown, allowsHttp: boolean): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null
  const isUsable = url?.protocol === 'https:' || (allowsHttp && url?.protocol === 'http:')
  return isUsable && typeof value === 'string' ? value : undefined
}

function readKeys({ keys }: Json): readonly Jwk[] {
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new ProviderFailure('profile', 'keys: no usable list')
  return keys.filter((key): key is Jwk => typeof key === 'object' && key !== null)
}
