/** /oauth/register/:client_id: a client reads, changes and deletes its own registration (RFC 7592 §2). */
import { t } from 'elysia'
import { audit } from '../../audit/audit'
import { type Client, findClient } from '../../clients/clients'
import {
  actingClient,
  changePending,
  deleteClient,
  findProposal,
  proposeChange,
  type RegisteredFields,
} from '../../clients/registrations'
import { verifyClientSecret } from '../../clients/secret'
import type { Context, RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { OAuthError } from '../../edge/oauth-error'
import { dataHeaders } from '../../edge/security-headers'
import { protocolSurface } from '../../edge/surfaces/protocol'
import { equalDigest, sha256Hex } from '../../secrets'
import { revokeTokensOfClient } from '../../tokens/revoke'
import { invalidToken, missingToken, presentedBearer } from '../bearer'
import { retryOnConflict } from '../retry'
import { ClientInformation, changedMetadata, clientInformation } from './answer'
import { recordRefusals } from './refused'
import { requireRegistration } from './register'
import {
  ClientMetadata,
  checkMetadata,
  invalidMetadata,
  type Json,
  type RequestedMetadata,
  readMetadata,
  text,
} from './request'

const PATH = '/oauth/register/:client_id'
const params = t.Object({ client_id: t.String() })
const body = t.Composite([
  ClientMetadata,
  t.Object({ client_id: t.Optional(t.String()), client_secret: t.Optional(t.String()) }),
])
const response = { 200: ClientInformation }

export function clientConfigurationEndpoint(context: Context) {
  const headers = { ...dataHeaders(context.settings), 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  return protocolSurface(context, { unread: true })
    .get(PATH, ({ ctx, request, params }) => read(ctx, request, params.client_id), { params, response })
    .put(PATH, ({ ctx, request, params }) => change(ctx, request, params.client_id), { params, body, response })
    .delete(
      PATH,
      async ({ ctx, request, params }) => {
        await remove(ctx, request, params.client_id)
        return new Response(null, { status: 204, headers })
      },
      { params },
    )
}

/** A client whose registration access token was presented. */
interface Registration {
  readonly client: Client
  readonly token: string
}

async function authorized(ctx: RequestContext, headers: Headers, clientId: string): Promise<Registration> {
  requireRegistration(ctx)
  const presented = presentedBearer(headers)
  if (presented.form === 'none') throw missingToken('invalid_token', 'A registration access token is required')
  const token = presented.form === 'bearer' ? presented.token : ''
  const client = await findClient(ctx, clientId)
  // One answer for a foreign token and an unknown client: ids cannot be searched for (RFC 7592 §2.1).
  if (!equalDigest(sha256Hex(token), client?.registrationTokenHash ?? '') || !client) throw invalidToken()
  return { client, token }
}

const read = (ctx: RequestContext, { headers }: Request, clientId: string): Promise<ClientInformation> =>
  recordRefusals(ctx, { event: 'CLIENT_UPDATED', action: 'Reading of a registration refused' }, async () => {
    const { client, token } = await authorized(ctx, headers, clientId)
    return clientInformation(ctx, client, { registrationToken: token, proposed: await findProposal(ctx, client) })
  })

const change = (ctx: RequestContext, request: Request, clientId: string): Promise<ClientInformation> =>
  recordRefusals(ctx, { event: 'CLIENT_UPDATED', action: 'Change of a registration refused' }, async () => {
    // Before the body is read; again below, because a retry must see the record as it is then.
    await authorized(ctx, request.headers, clientId)
    const json = await readMetadata(request)
    const requested = checkMetadata(json)
    return await retryOnConflict(async () => {
      const registration = await authorized(ctx, request.headers, clientId)
      if (registration.client.status === 'inactive')
        throw new OAuthError('access_denied', 'This client was deactivated and cannot be changed', 403)
      await checkIdentity(ctx, json, registration.client)
      return await replace(ctx, registration, requested)
    })
  })

/** What the server assigned. A client that sends it back is mistaken about what it may choose (RFC 7592 §2.2). */
const ASSIGNED = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

async function checkIdentity(ctx: RequestContext, json: Json, client: Client): Promise<void> {
  for (const name of ASSIGNED) if (Object.hasOwn(json, name)) throw invalidMetadata(`${name} must not be sent`)
  if (text(json, 'client_id') !== client.clientId) throw invalidMetadata('client_id is not that of this registration')
  const secret = text(json, 'client_secret')
  if (secret !== '' && !(await verifyClientSecret(ctx, client.clientSecret, secret)).matches)
    throw invalidMetadata('client_secret is not the current one')
}

async function replace(
  ctx: RequestContext,
  { client, token }: Registration,
  { fields, applicationType }: RequestedMetadata,
): Promise<ClientInformation> {
  // A secret for a client that had none, or none for one that had one, is another client.
  if (fields.clientType !== client.clientType)
    throw invalidMetadata('token_endpoint_auth_method cannot change to or from none; register a new client')
  const changes = differences(client, fields)
  const told = { registrationToken: token, applicationType }
  if (client.status === 'pending') {
    if (Object.keys(changes).length === 0) return clientInformation(ctx, client, told)
    await commit(ctx, [changePending(ctx, client, fields), ...recordChange(ctx, client, changes, CHANGED)])
    return clientInformation(ctx, { ...client, ...fields }, told)
  }
  if (Object.keys(changes).length === 0) {
    if (await findProposal(ctx, client))
      await commit(ctx, [...proposeChange(ctx, client, changes), ...recordChange(ctx, client, changes, WITHDRAWN)])
    return clientInformation(ctx, client, told)
  }
  // What was approved stays as it was approved until somebody approves another version.
  await commit(ctx, [...proposeChange(ctx, client, changes), ...recordChange(ctx, client, changes, PROPOSED)])
  return clientInformation(ctx, client, { ...told, proposed: changes })
}

const CHANGED = 'OAuth client changed its registration'
const PROPOSED = 'OAuth client proposed a change of its registration, which waits for review'
const WITHDRAWN = 'OAuth client took back the change it had proposed'

function differences(client: Client, fields: RegisteredFields): Partial<RegisteredFields> {
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(client[name as keyof RegisteredFields])
  return Object.fromEntries(Object.entries(fields).filter(differs))
}

function recordChange(ctx: RequestContext, client: Client, changes: Partial<RegisteredFields>, action: string) {
  const { clientId, clientName, scopes, grantTypes } = client
  return audit(ctx, {
    event: 'CLIENT_UPDATED',
    action,
    actor: { id: actingClient(clientId) },
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    clientId,
    details: {
      ...{ client_name: clientName, grant_types: grantTypes, scopes },
      changes: changedMetadata(client, changes),
    },
  })
}

const remove = (ctx: RequestContext, { headers }: Request, clientId: string): Promise<void> =>
  recordRefusals(ctx, { event: 'CLIENT_DELETED', action: 'Deletion of a registration refused' }, () =>
    retryOnConflict(async () => {
      const { client } = await authorized(ctx, headers, clientId)
      await commit(ctx, [...revokeTokensOfClient(ctx, clientId), deleteClient(client), ...recordDeletion(ctx, client)])
      ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
    }),
  )

const recordDeletion = (ctx: RequestContext, { clientId, clientName }: Client) =>
  audit(ctx, {
    event: 'CLIENT_DELETED',
    action: 'OAuth client deleted by itself',
    severity: 'WARNING',
    actor: { id: actingClient(clientId) },
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    clientId,
    details: { client_name: clientName },
  })
