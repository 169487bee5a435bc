/** What becomes of the applications of a user who is deleted. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now, type RequestContext } from '../context'
import { param, query, write } from '../db/definitions'
import { guard, must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { User } from '../identity/users'
import { revokeTokensOfClient } from '../tokens/revoke'
import type { Actor } from './administrators'

export type OwnedApp = Pick<Tables['oauthApplications']['$inferSelect'], 'clientId' | 'clientName' | 'status'>

/** `transfer` gives them to another user; the others end all access through them. */
export type AppsChoice =
  | { readonly kind: 'transfer'; readonly to: Pick<User, 'id' | 'username'> }
  | { readonly kind: 'deactivate' }
  | { readonly kind: 'delete' }

const appsOfUser = query('apps_of_user', (q, t) =>
  q
    .select({
      clientId: t.oauthApplications.clientId,
      clientName: t.oauthApplications.clientName,
      status: t.oauthApplications.status,
    })
    .from(t.oauthApplications)
    .where(eq(t.oauthApplications.userId, param('userId')))
    .orderBy(asc(t.oauthApplications.createdAt), asc(t.oauthApplications.clientId)),
)

/** The oldest first. Throws `DatabaseUnavailable`. */
export const ownedApps = (ctx: Pick<Context, 'db'>, userId: string): Promise<OwnedApp[]> =>
  ctx.db.all(appsOfUser, { userId })

const activeUser = query('active_user_by_id', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true))),
)

/** The new owner is still there. Conflict label: `new_owner`. */
export const choiceHolds = (choice: AppsChoice | undefined): Statement[] =>
  choice?.kind === 'transfer' ? [guard(activeUser, { id: choice.to.id }, 'new_owner')] : []

const ofOwner = ({ oauthApplications }: Tables) =>
  and(eq(oauthApplications.clientId, param('clientId')), eq(oauthApplications.userId, param('userId')))

const transferApp = write('transfer_app', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      userId: param('newOwner'),
      version: sql`${t.oauthApplications.version} + 1`,
      updatedAt: param('now'),
    })
    .where(ofOwner(t)),
)

const deactivateApp = write('deactivate_app_of_user', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      status: 'inactive',
      userId: null,
      version: sql`${t.oauthApplications.version} + 1`,
      updatedAt: param('now'),
    })
    .where(ofOwner(t)),
)

const deleteApp = write('delete_app_of_user', (q, t) => q.delete(t.oauthApplications).where(ofOwner(t)))

const endConsents = write('end_consents_of_app', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({ isActive: false, revokedAt: param('now'), updatedAt: param('now') })
    .where(and(eq(t.userAuthorizations.clientId, param('clientId')), isNull(t.userAuthorizations.revokedAt))),
)

/** Changes of one application, in the commit that deletes its owner. Conflict label: `app`. */
export function settleApp(ctx: RequestContext, actor: Actor, owner: User, app: OwnedApp, choice: AppsChoice) {
  const { clientId } = app
  const parameters = { clientId, userId: owner.id, now: now(ctx) }
  if (choice.kind === 'transfer')
    return [
      must(transferApp, { ...parameters, newOwner: choice.to.id }, 'app'),
      ...recordApp(ctx, actor, app, 'OAuth client given to another owner', {
        ...{ old_owner: owner.username, new_owner: choice.to.username },
      }),
    ]
  const ended = [...revokeTokensOfClient(ctx, clientId), run(endConsents, parameters)]
  if (choice.kind === 'deactivate')
    return [
      ...ended,
      must(deactivateApp, parameters, 'app'),
      ...recordApp(ctx, actor, app, 'OAuth client deactivated with its owner', {
        ...{ old_owner: owner.username, status: 'inactive' },
      }),
    ]
  return [
    ...ended,
    must(deleteApp, parameters, 'app'),
    ...audit(ctx, {
      event: 'CLIENT_DELETED',
      severity: 'WARNING',
      action: 'OAuth client deleted with its owner',
      ...aboutApp(actor, app),
      details: { client_name: app.clientName, old_owner: owner.username },
    }),
  ]
}

const aboutApp = (actor: Actor, { clientId, clientName }: OwnedApp) => ({
  actor,
  resource: { type: 'CLIENT', id: clientId, name: clientName } as const,
  clientId,
})

const recordApp = (
  ctx: RequestContext,
  actor: Actor,
  app: OwnedApp,
  action: string,
  details: Readonly<Record<string, string>>,
): Statement[] =>
  audit(ctx, {
    event: 'CLIENT_UPDATED',
    severity: 'WARNING',
    action,
    ...aboutApp(actor, app),
    details: { client_name: app.clientName, ...details },
  })
