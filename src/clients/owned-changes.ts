/**
 * What owners change about their own clients.
 *
 * Of an approved client only the description changes at once. Everything else decides whom people trust and where codes
 * and tokens go: it waits for an administrator while the approved version stays as it is.
 */
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { changeClient } from './change-client'
import type { Client } from './clients'
import { type ClientChanges, type ClientFields, changeDetails, differences } from './fields'
import { ClientRefused } from './refused'
import { dropProposals, findPending, insertProposal, proposedChanges } from './revisions'
import { type Actor, asShown, commitClient, nextVersion, shown } from './shown'

/** What became of a change: `proposed` waits, `withdrawn` took back one that waited. */
export type OwnedChange =
  | { readonly outcome: 'unchanged' | 'proposed' | 'withdrawn' | 'described' }
  | {
      readonly outcome: 'changed'
      /** Made because the client became confidential; to be shown once. */
      readonly secret: string | undefined
    }

const describeClient = write('describe_client', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      description: param('description'),
      version: nextVersion(t.oauthApplications),
      updatedAt: param('updatedAt'),
    })
    .where(asShown(t.oauthApplications)),
)

/** The owner's description, and with it the version everybody saw is outdated. */
const describe = (ctx: RequestContext, client: Client, description: string): Statement => {
  const updatedAt = description === client.description ? client.updatedAt : now(ctx)
  return must(describeClient, { ...shown(client), description, updatedAt }, 'client')
}

/**
 * A change takes the place of an earlier one that waits. `alongside` is added to the commit of a change that holds at
 * once.
 *
 * Throws `ClientRefused` (`changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function changeOwnedClient(
  ctx: RequestContext,
  actor: Actor,
  client: Client,
  fields: ClientFields,
  alongside: (secret: string | undefined) => readonly Statement[] = () => [],
): Promise<OwnedChange> {
  if (client.status !== 'active') {
    const { changed, secret } = await changeClient(ctx, actor, client, { fields, by: 'owner' }, alongside)
    return changed ? { outcome: 'changed', secret } : { outcome: 'unchanged' }
  }
  const { description, ...sensitive } = differences(client, fields)
  const waiting = await findPending(ctx, client.clientId)
  const asBefore = same(sensitive, waiting ? proposedChanges(waiting) : {})
  if (asBefore && description === undefined) return { outcome: 'unchanged' }

  const outcome = asBefore ? 'described' : Object.keys(sensitive).length > 0 ? 'proposed' : 'withdrawn'
  await commitClient(ctx, [
    describe(ctx, client, description ?? client.description),
    ...(asBefore ? [] : replaceProposal(ctx, actor, client, sensitive)),
    ...record(ctx, actor, client, ACTIONS[outcome], { changes: changeDetails(client, differences(client, fields)) }),
  ])
  return { outcome }
}

const ACTIONS = {
  described: 'OAuth client updated by owner',
  proposed: 'OAuth client change proposed by owner, waits for review',
  withdrawn: 'OAuth client change taken back by owner',
}

const replaceProposal = (ctx: RequestContext, actor: Actor, client: Client, proposed: ClientChanges): Statement[] => [
  dropProposals(client),
  ...(Object.keys(proposed).length > 0
    ? [insertProposal(ctx, { clientId: client.clientId, by: actor.id, proposed })]
    : []),
]

const same = (one: ClientChanges, other: ClientChanges): boolean => sorted(one) === sorted(other)

const sorted = (changes: ClientChanges): string =>
  JSON.stringify(Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Throws `ClientRefused` (`nothing_waits`, `changed_meanwhile`) and `DatabaseUnavailable`. */
export async function withdrawProposal(ctx: RequestContext, actor: Actor, client: Client): Promise<void> {
  if (!(await findPending(ctx, client.clientId))) throw new ClientRefused('nothing_waits')
  await commitClient(ctx, [
    describe(ctx, client, client.description),
    dropProposals(client),
    ...record(ctx, actor, client, ACTIONS.withdrawn, { changes: {} }),
  ])
}

const submitAgain = write('submit_client_again', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ status: 'pending', version: nextVersion(t.oauthApplications), updatedAt: param('now') })
    .where(asShown(t.oauthApplications)),
)

/**
 * Puts a client that was rejected or deactivated before the administrators again.
 *
 * Throws `ClientRefused` (`not_inactive`, `changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function resubmitClient(ctx: RequestContext, actor: Actor, client: Client): Promise<void> {
  if (client.status !== 'inactive') throw new ClientRefused('not_inactive')
  await commitClient(ctx, [
    must(submitAgain, { ...shown(client), now: now(ctx) }, 'client'),
    ...record(ctx, actor, client, 'OAuth client submitted for review again by owner', {
      ...{ status: 'pending', previous_status: client.status },
    }),
  ])
}

const record = (
  ctx: RequestContext,
  actor: Actor,
  { clientId, clientName, grantTypes, scopes }: Client,
  action: string,
  details: Readonly<Record<string, unknown>>,
): Statement[] =>
  audit(ctx, {
    event: 'CLIENT_UPDATED',
    action,
    actor,
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    clientId,
    details: { client_name: clientName, grant_types: grantTypes, scopes, ...details },
  })
