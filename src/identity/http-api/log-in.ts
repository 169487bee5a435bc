/** Signing in with a password that the service of `HTTP_API_URL` checks. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import { Conflict, commit, Duplicate } from '../../db/commit'
import { noteSuccess, takeBackAttempt } from '../attempt-delays'
import { newKnownDevice } from '../known-device'
import type { LoginAttempt } from '../login'
import {
  auditRefusal,
  type LoginOutcome,
  type LoginProblem,
  PROVIDER_NAMES,
  refused,
  typedName,
} from '../login-outcome'
import { auditFirstStep } from '../second-factor/first-step'
import { type StartedSession, startSession } from '../sessions'
import { findUser, type User } from '../users'
import { reportMismatch } from './mismatch'
import type { ExternalIdentity, Verdict } from './response'
import { type Sync, type SyncProblem, syncUser } from './sync-user'

/** `user` is the account of the typed name; the service is asked about the name as it is stored. */
export async function logInExternally(
  ctx: RequestContext,
  attempt: LoginAttempt,
  user: User | undefined,
): Promise<LoginOutcome> {
  const { username, password, subject, gone } = attempt
  if (!ctx.httpApi) {
    await ctx.passwords.burn(password)
    auditRefusal(ctx, 'not_configured', user ?? username, 'http_api')
    return refused()
  }
  const verdict = await ctx.httpApi.check({ username: user?.username ?? username, password }, gone)
  if (verdict.kind === 'accepted') return await enter(ctx, attempt, user, verdict.identity)

  auditVerdict(ctx, user ?? username, verdict)
  // Nobody looked at the password: an outage must not count as guessing.
  if (verdict.kind !== 'rejected') await commit(ctx, [takeBackAttempt(ctx, subject)])
  return verdict.kind === 'unavailable'
    ? { kind: 'unavailable', retryAfterSeconds: verdict.retryAfterSeconds }
    : refused()
}

/** Two first logins of one person at once both want to make the account; the second finds it. */
const ROUNDS = 3

async function enter(
  ctx: RequestContext,
  attempt: LoginAttempt,
  known: User | undefined,
  identity: ExternalIdentity,
): Promise<LoginOutcome> {
  const { username, device } = attempt
  for (let round = 1; round <= ROUNDS; round += 1) {
    const current = known && round > 1 ? await findUser(ctx, known.id) : known
    if (known && !current) break
    const sync = await syncUser(ctx, current, username, identity)
    if (sync.kind === 'refused') return await refuse(ctx, attempt, sync, identity)
    const started = await startUnlessChanged(ctx, attempt, sync, identity)
    if (started)
      return {
        kind: 'signed_in',
        started,
        knownDevice: device === undefined ? newKnownDevice(ctx, username) : undefined,
      }
  }
  auditRefusal(ctx, 'account_changed', known ?? username, 'http_api')
  return refused()
}

/** `undefined` when somebody else wrote to the account, or took its name or address, since it was read. */
async function startUnlessChanged(
  ctx: RequestContext,
  { remember, replaces, subject }: LoginAttempt,
  { user, isNew, claim, alongside }: Sync & { kind: 'ready' },
  identity: ExternalIdentity,
): Promise<StartedSession | undefined> {
  const facts = { auth_source: user.authSource, provider: PROVIDER_NAMES.http_api }
  const success = audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: isNew ? 'New external user created and authenticated' : 'User login successful',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: isNew ? { auth_source: user.authSource, external_id: identity.id } : facts,
  })
  const recorded = auditFirstStep(ctx, user, facts) ?? success
  const proven = { user, remember, amr: 'pwd', idp: 'http_api', ...(replaces && { replaces }) }
  try {
    return await startSession(ctx, proven, { claim, alongside: [...alongside, noteSuccess(subject), ...recorded] })
  } catch (error) {
    if (error instanceof Conflict || error instanceof Duplicate) return undefined
    throw error
  }
}

/** The password was right, so the person may be told what stands in the way; except whose account it is not. */
const TOLD: Readonly<Record<SyncProblem, LoginProblem>> = {
  external_id_mismatch: 'invalid',
  account_disabled: 'disabled',
  username_taken: 'username_conflict',
  username_unusable: 'invalid',
  email_taken: 'email_conflict',
  email_missing: 'invalid',
}

const SYNC_ERRORS: Readonly<Partial<Record<SyncProblem, string>>> = {
  username_taken: 'username conflict with existing user',
  username_unusable: 'the user name cannot be stored',
  email_taken: 'e-mail address of another user',
  email_missing: 'missing identity: the authentication API gave no usable e-mail address',
}

async function refuse(
  ctx: RequestContext,
  { username, subject }: LoginAttempt,
  { problem, user }: Sync & { kind: 'refused' },
  identity: ExternalIdentity,
): Promise<LoginOutcome> {
  if (problem === 'external_id_mismatch' && user) {
    await reportMismatch(ctx, user, identity)
    auditRefusal(ctx, problem, user, 'http_api')
  } else if (problem === 'account_disabled' && user) auditRefusal(ctx, problem, user, 'http_api')
  else
    ctx.audit.record(ctx, {
      event: 'AUTHENTICATION_FAILURE',
      severity: 'ERROR',
      success: false,
      action: 'Failed to create external user',
      actor: { username: typedName(username) },
      details: { auth_source: 'http_api', external_id: identity.id, reason: problem },
      errorMessage: SYNC_ERRORS[problem] ?? problem,
    })
  // The password was right: this is nobody who guesses.
  await commit(ctx, [takeBackAttempt(ctx, subject)])
  return refused(TOLD[problem])
}

function auditVerdict(ctx: RequestContext, who: User | string, verdict: Exclude<Verdict, { kind: 'accepted' }>): void {
  if (typeof who !== 'string') {
    const reason = verdict.kind === 'rejected' ? 'wrong_password' : 'external_unavailable'
    auditRefusal(ctx, reason, who, 'http_api')
    return
  }
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action: 'External user login attempt failed',
    actor: { username: typedName(who) },
    details: { auth_source: 'http_api', reason: 'external_auth_error' },
    errorMessage: verdict.text,
  })
}
