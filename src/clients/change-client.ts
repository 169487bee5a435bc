/** Changes of a client that hold at once. */
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { revokeTokensOfClient } from '../tokens/revoke'
import type { Client } from './clients'
import { type ClientFields, changeDetails, differences, fieldParameters, secretParameters, secretsFor } from './fields'
import { generateClientSecret, hashClientSecret } from './secret'
import { type Actor, asShown, commitClient, nextVersion, shown } from './shown'

const replaceFields = write('replace_client_fields', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      ...fieldParameters(),
      ...secretParameters(),
      status: param('newStatus'),
      version: nextVersion(t.oauthApplications),
      updatedAt: param('now'),
    })
    .where(asShown(t.oauthApplications)),
)

export interface ClientChange {
  readonly fields: ClientFields
  readonly by: 'owner' | 'admin'
  /** Without it the status stays. */
  readonly status?: Client['status']
}

export interface ChangedClient {
  /** False: everything was so already, and nothing was written. */
  readonly changed: boolean
  /** Made because the client became confidential; to be shown once. */
  readonly secret: string | undefined
  readonly tokensRevoked: number
}

/**
 * A client that becomes confidential gets a secret, one that becomes public loses it, and one that is active no longer
 * loses its tokens. `alongside` adds to the commit, such as the page that shows the secret once.
 *
 * Throws `ClientRefused` (`changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function changeClient(
  ctx: Context,
  actor: Actor,
  client: Client,
  { fields, by, status = client.status }: ClientChange,
  alongside: (secret: string | undefined) => readonly Statement[] = () => [],
): Promise<ChangedClient> {
  const changes = differences(client, fields)
  if (Object.keys(changes).length === 0 && status === client.status)
    return { changed: false, secret: undefined, tokensRevoked: 0 }

  const secret = changes.clientType === 'confidential' ? generateClientSecret(ctx) : undefined
  const secrets = {
    ...secretsFor(client, fields.clientType),
    ...(secret !== undefined && { clientSecret: hashClientSecret(ctx, secret) }),
  }
  const ends = client.status === 'active' && status !== 'active'
  const statements = [
    must(replaceFields, { ...fields, ...secrets, ...shown(client), newStatus: status, now: now(ctx) }, 'client'),
    ...(ends ? revokeTokensOfClient(ctx, client.clientId) : []),
    ...recordChange(ctx, actor, client, { fields, by, status }),
    ...alongside(secret),
  ]
  const rows = await commitClient(ctx, statements)
  if (ends) ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return { changed: true, secret, tokensRevoked: rowsChanged(statements, rows, 'revoke_tokens_of_client') }
}

function recordChange(ctx: Context, actor: Actor, client: Client, change: Required<ClientChange>): Statement[] {
  const { fields, by, status } = change
  const changes = differences(client, fields)
  const newProfile = changes.tokenProfile !== undefined
  return audit(ctx, {
    event: 'CLIENT_UPDATED',
    action: by === 'admin' ? 'OAuth client updated' : 'OAuth client updated by owner',
    severity: newProfile ? 'WARNING' : 'INFO',
    actor,
    resource: { type: 'CLIENT', id: client.clientId, name: fields.clientName },
    clientId: client.clientId,
    details: {
      ...{ client_name: fields.clientName, status, grant_types: fields.grantTypes, scopes: fields.scopes },
      ...(by === 'admin' && { token_profile: fields.tokenProfile }),
      ...(newProfile && { previous_token_profile: client.tokenProfile || 'standard' }),
      ...(status !== client.status && { previous_status: client.status }),
      changes: changeDetails(client, changes),
    },
  })
}
