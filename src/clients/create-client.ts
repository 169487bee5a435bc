/** A client made by a person: an owner's waits for approval, an administrator's works at once. */
import { and, count, eq, lt, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { guard, must, run, type Statement } from '../db/statements'
import type { Client } from './clients'
import type { ClientFields } from './fields'
import { generateClientSecret, hashClientSecret } from './secret'
import { type Actor, commitClient } from './shown'

const insertRow = write('insert_client', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

/** Changes nothing; of two requests of one user the second waits on PostgreSQL and then counts the first one's client. */
const lockOwner = write('lock_active_owner', (q, t) =>
  q
    .update(t.users)
    .set({ tokenEpoch: sql`${t.users.tokenEpoch}` })
    .where(and(eq(t.users.id, param('userId')), eq(t.users.isActive, true))),
)

const ownsFewer = query('owns_fewer_clients_than', (q, t) => {
  const owned = q
    .select({ owned: count() })
    .from(t.oauthApplications)
    .where(eq(t.oauthApplications.userId, param('userId')))
  return q
    .select({ id: t.users.id })
    .from(t.users)
    .where(and(eq(t.users.id, param('userId')), lt(sql`(${owned})`, param('most'))))
})

export interface NewClient {
  readonly fields: ClientFields
  /** How the person makes it: on their own pages, or as an administrator. */
  readonly by: 'owner' | 'admin'
  /** Default: whoever makes it; null = nobody. */
  readonly ownerId?: string | null
}

export interface CreatedClient {
  readonly client: Client
  /** To be shown once; undefined for a public client. */
  readonly secret: string | undefined
}

/**
 * `alongside` adds to the commit, such as the page that shows the secret once.
 *
 * Throws `ClientRefused` (`too_many`, `owner_gone`) and `DatabaseUnavailable`.
 */
export async function createClient(
  ctx: Context,
  actor: Actor,
  { fields, by, ownerId = actor.id }: NewClient,
  alongside: (created: CreatedClient) => readonly Statement[] = () => [],
): Promise<CreatedClient> {
  const secret = fields.clientType === 'confidential' ? generateClientSecret(ctx) : undefined
  const at = now(ctx)
  const client: Client = {
    ...fields,
    clientId: ctx.random.uuid(),
    clientSecret: secret === undefined ? null : hashClientSecret(ctx, secret),
    previousClientSecret: null,
    previousSecretExpiresAt: null,
    userId: ownerId,
    createdBy: actor.id || null,
    status: by === 'admin' ? 'active' : 'pending',
    origin: by,
    registrationTokenHash: null,
    registrationIp: '',
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
  const created = { client, secret }
  const { clientName, grantTypes, scopes, tokenProfile } = client
  const most = ctx.settings.MAX_APPS_PER_USER
  await commitClient(ctx, [
    ...(ownerId === null ? [] : [must(lockOwner, { userId: ownerId }, 'owner')]),
    ...(by === 'owner' ? [guard(ownsFewer, { userId: actor.id, most }, 'limit')] : []),
    run(insertRow, client),
    ...audit(ctx, {
      event: 'CLIENT_CREATED',
      action: 'OAuth client created',
      actor,
      resource: { type: 'CLIENT', id: client.clientId, name: clientName },
      clientId: client.clientId,
      details: {
        ...{ client_name: clientName, grant_types: grantTypes, scopes, token_profile: tokenProfile },
        ...{ client_type: client.clientType, redirect_uris: client.redirectUris, status: client.status },
        ...(client.project !== '' && { project: client.project }),
        ...(client.serviceAccount !== '' && { service_account: client.serviceAccount }),
      },
    }),
    ...alongside(created),
  ])
  return created
}
