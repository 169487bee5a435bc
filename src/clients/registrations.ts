/** Records of clients that registered themselves, and the changes they may make, as parts of a commit. */
import { and, type Column, eq, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import type { Client } from './clients'
import { insertProposal } from './revisions'

/** What a client tells about itself, as it is stored. */
export type RegisteredFields = Pick<
  Client,
  | 'clientName'
  | 'clientUri'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'backchannelLogoutUri'
  | 'scopes'
  | 'grantTypes'
  | 'enableDeviceFlow'
  | 'enableAuthCodeFlow'
  | 'clientType'
  | 'tokenEndpointAuthMethod'
>

const insertClientRow = write('register_client', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

export interface NewRegistration {
  readonly fields: RegisteredFields
  /** Stored forms of what the client is told once. `secretHash` is null for a public client. */
  readonly secretHash: string | null
  readonly registrationTokenHash: string
  readonly ip: string
}

/** The record of a new client. It waits for an administrator, and nobody owns it. */
export function newRegistration(ctx: Pick<Context, 'clock' | 'random'>, registration: NewRegistration): Client {
  const at = now(ctx)
  return {
    ...registration.fields,
    clientId: ctx.random.uuid(),
    clientSecret: registration.secretHash,
    previousClientSecret: null,
    previousSecretExpiresAt: null,
    description: '',
    userId: null,
    createdBy: null,
    enableClientCredentialsFlow: false,
    // It could read the tokens of other clients' users.
    allowIntrospection: false,
    status: 'pending',
    tokenProfile: 'standard',
    project: '',
    serviceAccount: '',
    origin: 'registration',
    registrationTokenHash: registration.registrationTokenHash,
    registrationIp: registration.ip,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
}

export const insertClient = (client: Client): Statement => run(insertClientRow, client)

type ApplicationColumns = { clientId: Column; version: Column; status: Column; registrationTokenHash: Column }

/** The record is still what it was when it was read, and the token that speaks for it still does. */
const asSeen = (table: ApplicationColumns) =>
  and(
    eq(table.clientId, param('clientId')),
    eq(table.version, param('seenVersion')),
    eq(table.status, param('seenStatus')),
    eq(table.registrationTokenHash, param('seenTokenHash')),
  )

const seen = ({ clientId, version, status, registrationTokenHash }: Client) => ({
  clientId,
  seenVersion: version,
  seenStatus: status,
  seenTokenHash: registrationTokenHash,
})

const field = <Name extends keyof Client>(name: Name) => param<Client[Name]>(name)

/** A parameter for every field that may change; whether a client has a secret may not. */
const fieldParameters = () => ({
  clientName: field('clientName'),
  clientUri: field('clientUri'),
  redirectUris: field('redirectUris'),
  postLogoutRedirectUris: field('postLogoutRedirectUris'),
  backchannelLogoutUri: field('backchannelLogoutUri'),
  scopes: field('scopes'),
  grantTypes: field('grantTypes'),
  enableDeviceFlow: field('enableDeviceFlow'),
  enableAuthCodeFlow: field('enableAuthCodeFlow'),
  tokenEndpointAuthMethod: field('tokenEndpointAuthMethod'),
})

const replaceFields = write('replace_registered_fields', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      ...fieldParameters(),
      version: sql`${t.oauthApplications.version} + 1`,
      updatedAt: param('now'),
    })
    .where(asSeen(t.oauthApplications)),
)

/** Changes a client nobody approved yet. The commit throws `Conflict('client')` when it is another than was read. */
export const changePending = (ctx: Pick<Context, 'clock'>, client: Client, fields: RegisteredFields): Statement =>
  must(replaceFields, { ...fields, ...seen(client), now: now(ctx) }, 'client')

const nextVersion = write('next_version_of_registered_client', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ version: sql`${t.oauthApplications.version} + 1` })
    .where(asSeen(t.oauthApplications)),
)

const dropProposal = write('drop_own_proposal', (q, t) =>
  q
    .delete(t.clientRevisions)
    .where(
      and(
        eq(t.clientRevisions.clientId, param('clientId')),
        eq(t.clientRevisions.proposedBy, param('by')),
        eq(t.clientRevisions.status, 'pending'),
      ),
    ),
)

/** How a client is named as an actor. */
export const actingClient = (clientId: string): string => `client:${clientId}`

/**
 * Puts a change of an approved client before the administrators; the approved version stays as it is. It takes the
 * place of the client's earlier proposal under an id of its own, so that nobody approves what they did not see. An
 * empty change only takes the earlier one back. The commit throws `Conflict('client')` when the client is another than
 * was read.
 */
export function proposeChange(
  ctx: Pick<Context, 'clock' | 'random'>,
  client: Client,
  proposed: Partial<RegisteredFields>,
): Statement[] {
  const { clientId } = client
  const by = actingClient(clientId)
  const replaced = [must(nextVersion, seen(client), 'client'), run(dropProposal, { clientId, by })]
  if (Object.keys(proposed).length === 0) return replaced
  return [...replaced, insertProposal(ctx, { clientId, by, proposed })]
}

const ownProposal = query('own_proposal', (q, t) =>
  q
    .select({ proposed: t.clientRevisions.proposed })
    .from(t.clientRevisions)
    .where(
      and(
        eq(t.clientRevisions.clientId, param('clientId')),
        eq(t.clientRevisions.proposedBy, param('by')),
        eq(t.clientRevisions.status, 'pending'),
      ),
    )
    .limit(1),
)

/** What the client wants to change and nobody has decided yet. Throws `DatabaseUnavailable`. */
export async function findProposal(
  ctx: Pick<Context, 'db'>,
  { clientId }: Client,
): Promise<Partial<RegisteredFields> | undefined> {
  const revision = await ctx.db.one(ownProposal, { clientId, by: actingClient(clientId) })
  return revision?.proposed as Partial<RegisteredFields> | undefined
}

const deleteRegistered = write('delete_registered_client', (q, t) =>
  q.delete(t.oauthApplications).where(asSeen(t.oauthApplications)),
)

/**
 * Deletes a client; its codes, consents and revisions go with it. Tokens have no such bond: `revokeTokensOfClient`
 * belongs before it, in the same commit. The commit throws `Conflict('client')` when it is another than was read.
 */
export const deleteClient = (client: Client): Statement => must(deleteRegistered, seen(client), 'client')
