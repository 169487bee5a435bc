/**
 * Client authentication, one routine for every endpoint that clients call (RFC 6749 §2.3, RFC 9700 §2.5).
 *
 * Confidential clients prove themselves with their secret, by HTTP Basic or in the body; public clients only say who
 * they are. Wherever a secret is checked, neither text nor status nor timing tells why it failed.
 */
import { and, eq } from 'drizzle-orm'
import type { EventType } from '../audit/events'
import { type Client, findClient } from '../clients/clients'
import { hashClientSecret, verifyClientSecret } from '../clients/secret'
import type { RequestContext } from '../context'
import { commit, run } from '../db/commit'
import { param, write } from '../db/definitions'
import { OAuthError } from '../edge/oauth-error'
import { failedAuthentications } from '../edge/rate-limit'
import { Refusal } from './refusal'

type ClientAuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'none'

/** What a request says about its client; nothing of it is proven yet. */
export interface PresentedCredentials {
  readonly clientId?: string
  readonly secret?: string
  readonly method: ClientAuthenticationMethod
}

declare const authenticated: unique symbol

/** A client that was looked up, is active, and proved itself if it is confidential. Only `authenticateClient` makes one. */
export interface AuthenticatedClient {
  readonly client: Client
  /** `none`: the client only identified itself, whatever it sent along. */
  readonly method: ClientAuthenticationMethod
  readonly [authenticated]: true
}

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="authgate"' }
const BASIC = /^basic(?:\s+(.*))?$/is
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** 401 `invalid_client` with its challenge: RFC 6749 §5.2. `reason` only reaches the audit trail. */
export const invalidClient = (
  reason: string,
  facts: { clientId?: string; userId?: string; tokenId?: string } = {},
  description = 'Client authentication failed',
): Refusal =>
  new Refusal({ error: 'invalid_client', description, status: 401, headers: CHALLENGE }, { ...facts, reason })

/**
 * Collects the credentials of a request from the Basic header and the form.
 *
 * Throws `OAuthError` `invalid_request` when two methods or two client ids are used at once (RFC 6749 §2.3), and
 * `invalid_client` when a Basic header cannot be read.
 */
export function presentedCredentials(
  headers: Pick<Headers, 'get'>,
  form: Readonly<Record<string, string | undefined>>,
): PresentedCredentials {
  const { client_id: formId, client_secret: formSecret } = form
  const header = BASIC.exec(headers.get('authorization') ?? '')
  if (!header) {
    const method = formSecret === undefined ? 'none' : 'client_secret_post'
    return { clientId: formId, secret: formSecret, method }
  }
  const basic = readBasic(header[1] ?? '')
  if (formSecret !== undefined || (formId !== undefined && formId !== basic.clientId))
    throw new OAuthError('invalid_request', 'Multiple client authentication methods')
  return basic
}

/** Both halves are form-encoded (RFC 6749 §2.3.1); clients that do not encode are read as they are. */
function readBasic(encoded: string): PresentedCredentials {
  const text = BASE64.test(encoded) ? decodeUtf8(Buffer.from(encoded, 'base64')) : undefined
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 1) throw invalidClient('malformed Basic header')
  const clientId = decodeFormValue(text.slice(0, colon))
  const secret = decodeFormValue(text.slice(colon + 1))
  // PostgreSQL stores no NUL; a name with one names nobody.
  if (clientId.includes('\0') || secret.includes('\0')) throw invalidClient('malformed Basic header')
  return { clientId, secret: secret === '' ? undefined : secret, method: 'client_secret_basic' }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function decodeFormValue(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    return value
  }
}

export interface AuthenticationOptions {
  /**
   * Set where `STRICT_CLIENT_AUTH=false` lets confidential clients leave their secret out, to the event that is
   * recorded then. A wrong secret is refused nevertheless.
   */
  readonly secretOptional?: EventType
}

/**
 * The client of a request, proven. Throws `Refusal` `invalid_client` when it is unknown, not active, or confidential
 * and without the right secret; `OAuthError` 429 after too many of those; and `DatabaseUnavailable`.
 */
export async function authenticateClient(
  ctx: RequestContext,
  presented: PresentedCredentials,
  options: AuthenticationOptions = {},
): Promise<AuthenticatedClient> {
  const failures = failedAuthentications(ctx, presented.clientId ?? '')
  await failures.check()
  try {
    return await proveClient(ctx, presented, options)
  } catch (error) {
    if (error instanceof Refusal) await failures.fail()
    throw error
  }
}

async function proveClient(
  ctx: RequestContext,
  presented: PresentedCredentials,
  options: AuthenticationOptions,
): Promise<AuthenticatedClient> {
  const { clientId = '', secret = '', method } = presented
  const client = await findClient(ctx, clientId)
  // Compared for every client, also one that does not exist: a refusal takes as long whatever its reason.
  const matches = await checkSecret(ctx, client, secret)
  if (!client) throw invalidClient('unknown client')
  if (client.status !== 'active') throw invalidClient('client not active', { clientId })
  // A secret that a public client sends along proves nothing: everybody who has the application has it.
  if (client.clientType === 'public') return proven(client, 'none')
  if (secret === '' && options.secretOptional && !ctx.settings.STRICT_CLIENT_AUTH) {
    recordMissingSecret(ctx, client, options.secretOptional)
    return proven(client, 'none')
  }
  if (!matches) throw invalidClient(secret === '' ? 'no secret' : 'wrong secret', { clientId })
  if (!registeredMethod(client, method)) throw invalidClient('method not registered', { clientId })
  return proven(client, method)
}

const proven = (client: Client, method: ClientAuthenticationMethod): AuthenticatedClient =>
  ({ client, method }) as AuthenticatedClient

/** A client that registered itself uses the method it named (RFC 7591 §2); all others may use any. */
const registeredMethod = ({ tokenEndpointAuthMethod: registered, origin }: Client, used: string): boolean =>
  origin !== 'registration' || registered === null || registered === used

async function checkSecret(ctx: RequestContext, found: Client | undefined, secret: string): Promise<boolean> {
  const client = found?.clientType === 'public' ? undefined : found
  const current = await verifyClientSecret(ctx, client?.clientSecret, secret)
  if (client && current.needsRehash) await upgradeSecret(ctx, client, secret)
  const overlapping = (client?.previousSecretExpiresAt?.getTime() ?? 0) > ctx.clock.now()
  const previous = await verifyClientSecret(ctx, overlapping ? client?.previousClientSecret : undefined, secret)
  return current.matches || previous.matches
}

const replaceSecretHash = write('replace_client_secret_hash', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ clientSecret: param('next') })
    .where(
      and(eq(t.oauthApplications.clientId, param('clientId')), eq(t.oauthApplications.clientSecret, param('seen'))),
    ),
)

/** Replaces a taken-over bcrypt hash. The secret was right, so the request goes on when that cannot be written now. */
async function upgradeSecret(ctx: RequestContext, client: Client, secret: string): Promise<void> {
  const { clientId, clientSecret: seen } = client
  const next = hashClientSecret(ctx, secret)
  await commit(ctx, [run(replaceSecretHash, { clientId, seen, next })]).catch((error: Error) =>
    ctx.log.warn({ clientId, reason: error.message }, 'client secret hash could not be replaced'),
  )
}

function recordMissingSecret(ctx: RequestContext, { clientId }: Client, event: EventType): void {
  ctx.audit.recordRepeatable(ctx, {
    event,
    action: 'Confidential client did not send its secret; STRICT_CLIENT_AUTH=false accepts that',
    severity: 'WARNING',
    actor: { id: `client:${clientId}` },
    resource: { type: 'CLIENT', id: clientId },
    clientId,
    details: { reason: 'secret not demanded' },
  })
}
