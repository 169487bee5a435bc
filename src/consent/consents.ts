/**
 * Consents: what a user has allowed a client. One row for each pair, kept for good, with a public id that never changes.
 *
 * Allowing more adds to what was allowed before; after a revocation it begins anew. What was allowed on the consent page
 * of the authorization endpoint (`web_scopes`) is kept apart: a person who typed a code from a device must not thereby
 * have allowed a web site to sign them in unasked.
 */
import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'

export type Consent = Tables['userAuthorizations']['$inferSelect']

const consentOfPair = query('consent_of_pair', (q, t) =>
  q
    .select()
    .from(t.userAuthorizations)
    .where(and(eq(t.userAuthorizations.userId, param('userId')), eq(t.userAuthorizations.clientId, param('clientId')))),
)

/** Of any state, also revoked. Throws `DatabaseUnavailable`. */
export const findConsent = (
  ctx: Pick<Context, 'db'>,
  pair: { userId: string; clientId: string },
): Promise<Consent | undefined> => ctx.db.one(consentOfPair, pair)

const consentById = query('consent_by_id', (q, t) =>
  q
    .select()
    .from(t.userAuthorizations)
    .where(eq(t.userAuthorizations.uuid, param('uuid'))),
)

/** Of any state, also revoked. Throws `DatabaseUnavailable`. */
export const findConsentById = (ctx: Pick<Context, 'db'>, uuid: string): Promise<Consent | undefined> =>
  ctx.db.one(consentById, { uuid })

const insertConsent = write('insert_consent', (q, t) =>
  q.insert(t.userAuthorizations).values(rowParameters(t.userAuthorizations)),
)

const extendConsent = write('extend_consent', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({
      scopes: param('scopes'),
      webScopes: param('webScopes'),
      grantedAt: param('now'),
      updatedAt: param('now'),
      revokedAt: null,
      isActive: true,
    })
    .where(
      and(
        eq(t.userAuthorizations.uuid, param('uuid')),
        eq(t.userAuthorizations.scopes, param('seenScopes')),
        eq(t.userAuthorizations.webScopes, param('seenWebScopes')),
        eq(t.userAuthorizations.isActive, param('seenActive')),
        eq(t.userAuthorizations.tokenEpoch, param('seenEpoch')),
      ),
    ),
)

export interface Allowance {
  readonly user: { readonly id: string; readonly username: string }
  readonly clientId: string
  /** What the user allows now; names without repetitions. */
  readonly scopes: readonly string[]
  /** It was allowed on the consent page. */
  readonly onConsentPage?: boolean
}

export interface GrantedConsent {
  /** Public id of the consent. */
  readonly uuid: string
  /** The consent and its audit record: parts of the commit of what was allowed. */
  readonly statements: readonly Statement[]
}

/**
 * Adds to what a user allows a client. `seen` is the pair's consent as it was read; the commit throws
 * `Conflict('consent')`, or `Duplicate` where there was none, when it is another by then.
 */
export function grantConsent(ctx: Context, seen: Consent | undefined, allowance: Allowance): GrantedConsent {
  const { user, clientId, scopes } = allowance
  const uuid = seen?.uuid ?? ctx.random.uuid()
  const recorded = audit(ctx, {
    event: 'USER_AUTHORIZATION_GRANTED',
    action: 'User granted authorization to application',
    actor: user,
    resource: { type: 'AUTHORIZATION', id: uuid },
    clientId,
    details: { client_id: clientId, scopes: scopes.join(' ') },
  })
  return { uuid, statements: [store(ctx, uuid, seen, allowance), ...recorded] }
}

function store(
  ctx: Context,
  uuid: string,
  seen: Consent | undefined,
  { user, clientId, scopes, onConsentPage = false }: Allowance,
): Statement {
  const at = now(ctx)
  const onPage = onConsentPage ? scopes : []
  if (!seen)
    return run(insertConsent, {
      uuid,
      userId: user.id,
      clientId,
      scopes: scopes.join(' '),
      webScopes: onPage.join(' '),
      grantedAt: at,
      revokedAt: null,
      isActive: true,
      tokenEpoch: 0,
      createdAt: at,
      updatedAt: at,
    } satisfies Consent)
  // What was revoked is not allowed again by allowing something else.
  const before = seen.isActive ? seen : { scopes: '', webScopes: '' }
  const seenState = {
    seenScopes: seen.scopes,
    seenWebScopes: seen.webScopes,
    seenActive: seen.isActive,
    seenEpoch: seen.tokenEpoch,
  }
  const extended = { uuid, scopes: merged(before.scopes, scopes), webScopes: merged(before.webScopes, onPage), now: at }
  return must(extendConsent, { ...extended, ...seenState }, 'consent')
}

const merged = (before: string, added: readonly string[]): string =>
  [...new Set([...before.split(/\s+/).filter((name) => name !== ''), ...added])].join(' ')
