/** Setting up and removing one's own second factors: what goes with each of them, whichever it is. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import { commit, type Statement } from '../../db/commit'
import { messagesFor } from '../../edge/language'
import { holdReveal } from '../../edge/reveal'
import { addFlash, type BrowserSession, endOtherSessions, replaceSession, type StartedSession } from '../sessions'
import type { User } from '../users'
import { countRecoveryCodes, dropRecoveryCodes, renewRecoveryCodes, replaceRecoveryCodes } from './records'
import { hasSecondFactor, mustEnrol, withSecondFactor } from './required'

/** As the audit trail and the messages name it. */
type Factor = 'totp' | 'passkey'

interface Change {
  readonly factor: Factor
  /** The user's row as it is afterwards, which `claim` writes: `Conflict('user')` when it was changed meanwhile. */
  readonly changed: User
  readonly claim: Statement
  /** What stores or removes it. */
  readonly alongside: readonly Statement[]
  /** More for the audit trail. */
  readonly details?: Readonly<Record<string, unknown>>
}

export interface NewFactor extends Change {
  /** Methods of RFC 8176 that setting it up has shown. */
  readonly amr: readonly string[]
  /** Where to go afterwards. */
  readonly next: string
}

export interface Added {
  readonly started: StartedSession
  /** Where to go on: first to the recovery codes when there are new ones. */
  readonly path: string
}

/**
 * Puts a factor into use. The session gets a new id and every other one of the person ends: none of them was made with
 * it. Who has no recovery codes gets some.
 *
 * Throws `Conflict`, `Duplicate` and `DatabaseUnavailable`.
 */
export async function addFactor(ctx: RequestContext, session: BrowserSession, added: NewFactor): Promise<Added> {
  const { factor, changed, claim, alongside, amr, next, details } = added
  const codes = await firstCodes(ctx, session, next)
  const login = {
    user: changed,
    remember: session.remember,
    amr: withSecondFactor(session.amr, amr),
    idp: session.idp,
    authTime: session.authTime,
    replaces: session,
    flash: messagesFor(ctx, session).security.added[factor],
  }
  const started = await replaceSession(ctx, login, {
    claim,
    alongside: [
      ...alongside,
      ...(codes?.statements ?? []),
      ...endOtherSessions(ctx, session),
      ...record(ctx, session, 'SECOND_FACTOR_ENABLED', 'Second factor set up by user', { method: factor, ...details }),
    ],
  })
  return { started, path: codes?.path ?? next }
}

/** Codes of an account that had a factor before stay good; those that nobody saw, or that were used up, are replaced. */
async function firstCodes(ctx: RequestContext, session: BrowserSession, next: string) {
  const kept = hasSecondFactor(session.user) && (await countRecoveryCodes(ctx, session.user.id)) > 0
  return kept ? undefined : newCodes(ctx, session, next)
}

/** Codes in the place of all former ones, and the page that shows them once. */
function newCodes(ctx: RequestContext, session: BrowserSession, next: string) {
  const t = messagesFor(ctx, session).security
  const { codes, statements } = replaceRecoveryCodes(ctx, session.user.id)
  const revealed = holdReveal(ctx, session, {
    title: t.codes,
    notices: [t.codesOnce],
    secrets: [{ label: t.codes, value: codes.join(' '), variable: 'RECOVERY_CODES' }],
    next: { label: t.goOn, path: next },
  })
  return { statements: [...statements, revealed.statement], path: revealed.path }
}

/** Resolves to the page that shows the new codes once. Throws `Conflict('user')` and `DatabaseUnavailable`. */
export async function regenerateCodes(ctx: RequestContext, session: BrowserSession, next: string): Promise<string> {
  const { statements, path } = newCodes(ctx, session, next)
  await commit(ctx, [
    renewRecoveryCodes(ctx, session.user),
    ...statements,
    ...record(ctx, session, 'RECOVERY_CODES_REPLACED', 'Recovery codes replaced by user', {}),
  ])
  return path
}

/** Whether the server lets the account go without what it has not any more. */
export const mayRemove = (ctx: Pick<RequestContext, 'settings'>, changed: User): boolean =>
  !mustEnrol(ctx.settings, { user: changed })

/**
 * Recovery codes go with the last factor. The caller has asked `mayRemove`.
 *
 * Throws `Conflict` and `DatabaseUnavailable`.
 */
export async function removeFactor(ctx: RequestContext, session: BrowserSession, removed: Change): Promise<void> {
  const { factor, changed, claim, alongside, details } = removed
  const last = !hasSecondFactor(changed)
  await commit(ctx, [
    claim,
    ...alongside,
    ...(last ? [dropRecoveryCodes(changed.id)] : []),
    addFlash(session, messagesFor(ctx, session).security.removed[factor]),
    ...record(ctx, session, 'SECOND_FACTOR_DISABLED', 'Second factor removed by user', {
      ...{ method: factor, last },
      ...details,
    }),
  ])
}

const record = (
  ctx: RequestContext,
  { user, sid }: BrowserSession,
  event: 'SECOND_FACTOR_ENABLED' | 'SECOND_FACTOR_DISABLED' | 'RECOVERY_CODES_REPLACED',
  action: string,
  details: Readonly<Record<string, unknown>>,
): Statement[] =>
  audit(ctx, {
    ...{ event, action },
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { ...details, sid },
  })
