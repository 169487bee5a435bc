/** `grant_type=client_credentials` (RFC 6749 §4.4): a confidential client acts by itself. */
import type { Client } from '../../clients/clients'
import type { RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { prepareGrant } from '../../tokens/issue'
import { authenticateClient, invalidClient } from '../client-authentication'
import { Refusal } from '../refusal'
import { requestedClaims } from '../requested-claims'
import { retryOnConflict } from '../retry'
import { formatScope, parseScope, scopeNames, withinScope } from '../scope'
import { countIssued, type Grant, type TokenRequest, type TokenResponse } from './grant'

export const clientCredentials: Grant = {
  grantType: 'client_credentials',
  refusalEvent: 'CLIENT_CREDENTIALS_TOKEN_ISSUED',
  handle: (ctx, request) => retryOnConflict(() => handle(ctx, request)),
}

const NO_CREDENTIALS =
  'Client authentication required: use HTTP Basic Auth or provide client_id and client_secret in the request body'

async function handle(ctx: RequestContext, { form, credentials }: TokenRequest): Promise<TokenResponse> {
  if (credentials.clientId === undefined || credentials.secret === undefined)
    throw invalidClient('no credentials', {}, NO_CREDENTIALS)
  const authenticated = await authenticateClient(ctx, credentials)
  const { client } = authenticated
  const facts = { clientId: client.clientId }
  if (client.clientType !== 'confidential') throw invalidClient('public client', facts)
  if (!client.enableClientCredentialsFlow)
    throw new Refusal(
      { error: 'unauthorized_client', description: 'Client credentials flow is not enabled for this client' },
      { ...facts, reason: 'flow off' },
    )
  const claims = requestedClaims(ctx, form, authenticated)
  const scope = grantedScope(client, form.scope)

  const grant = await prepareGrant(ctx, { grantType: 'client_credentials', client, scope, ...claims })
  await commit(ctx, [...grant.guards, ...grant.writes])
  countIssued(ctx, 'client_credentials', { access: 1, refresh: 0 })
  return grant.response
}

/** Scopes that only mean something for a person who signed in. */
const OF_USERS = new Set(['openid', 'offline_access'])

/** What was asked for, all of it; nothing asked for means everything the client may have as a machine. */
function grantedScope(client: Client, requested = ''): string {
  const asked = parseScope(requested)
  const names = asked.length > 0 ? asked : scopeNames(client.scopes).filter((name) => !OF_USERS.has(name))
  const permitted = withinScope(names, client.scopes).filter((name) => !OF_USERS.has(name))
  if (permitted.length === names.length && names.length > 0) return formatScope(names)
  throw new Refusal(
    {
      error: 'invalid_scope',
      description:
        'Requested scope exceeds client permissions or contains restricted scopes (openid, offline_access are not permitted)',
    },
    { reason: 'scope', clientId: client.clientId },
  )
}
