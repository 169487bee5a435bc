/** Signing in with a passkey and nothing else: it is in the person's hands, and opened by their finger, face or PIN. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { Conflict, must } from '../../db/commit'
import { param, write } from '../../db/definitions'
import type { Owner } from '../../oauth/pending-requests'
import { newKnownDevice } from '../known-device'
import type { LoginOutcome } from '../login-outcome'
import { withSecondFactor } from '../second-factor/required'
import { type BrowserSession, startSession } from '../sessions'
import type { User } from '../users'
import { type PasskeyRefusal, verifyPasskey } from './assert'
import { newChallenge } from './challenges'
import { requestOptions } from './options'
import { relyingParty } from './relying-party'

/** The browser whose login form it is: nobody is signed in by an answer that was given elsewhere. */
const browserOf = (ctx: Pick<RequestContext, 'secrets'>, loginCookie: string): Owner => ({
  sid: ctx.secrets.pendingRequest.digest(`login form ${loginCookie}`),
  user: { id: '' },
})

/** The same for everybody: it tells nothing about any account. Undefined where passkeys are not offered. */
export async function beginPasskeyLogin(
  ctx: RequestContext,
  loginCookie: string,
): Promise<ReturnType<typeof requestOptions> | undefined> {
  const party = relyingParty(ctx.settings)
  if (!party) return undefined
  return requestOptions(party, await newChallenge(ctx, 'passkey_login', browserOf(ctx, loginCookie)))
}

export interface PasskeyLogin {
  /** JSON as the script sends it. */
  readonly credential: string
  readonly loginCookie: string
  readonly remember: boolean
  /** The session this browser has now; it ends when the login succeeds. */
  readonly replaces: BrowserSession | undefined
}

type Outcome = Extract<LoginOutcome, { readonly kind: 'signed_in' | 'refused' }>

/** Throws `DatabaseUnavailable`. */
export async function logInWithPasskey(ctx: RequestContext, login: PasskeyLogin): Promise<Outcome> {
  const startedAt = ctx.clock.now()
  const outcome = await attemptLogin(ctx, login)
  const result = outcome.kind === 'signed_in' ? 'success' : 'failure'
  ctx.metrics.count('auth_login_total', { auth_source: 'passkey', result })
  ctx.metrics.observe('auth_login_duration_seconds', (ctx.clock.now() - startedAt) / 1000, { method: 'passkey' })
  return outcome
}

async function attemptLogin(ctx: RequestContext, login: PasskeyLogin): Promise<Outcome> {
  const { credential, loginCookie, remember, replaces } = login
  const asked = { kind: 'passkey_login', owner: browserOf(ctx, loginCookie) } as const
  const verified = await verifyPasskey(ctx, asked, credential)
  if (verified.kind === 'wrong') return refuse(ctx, verified.reason, verified.user)
  const { user, passkey, alongside } = verified
  if (user.authSource !== 'local') return refuse(ctx, 'account_elsewhere', user)
  if (!user.isActive) return refuse(ctx, 'account_disabled', user)

  const amr = withSecondFactor('', verified.amr)
  const claim = must(noteLogin, { id: user.id, version: user.version, now: now(ctx) }, 'user')
  const success = audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'User login successful',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, provider: 'passkey', passkey: passkey.id, amr },
  })
  const proven = { user, remember, amr, idp: 'local', ...(replaces && { replaces }) }
  try {
    const started = await startSession(ctx, proven, { claim, alongside: [...alongside, ...success] })
    return { kind: 'signed_in', started, knownDevice: newKnownDevice(ctx, user.username) }
  } catch (error) {
    // Disabled, edited, or signed in with the same passkey elsewhere, while this one was being checked.
    if (error instanceof Conflict) return refuse(ctx, 'account_changed', user)
    throw error
  }
}

const noteLogin = write('note_passkey_login', (q, t) =>
  q
    .update(t.users)
    .set({ lastLoginAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

type Refusal = PasskeyRefusal | 'account_elsewhere' | 'account_disabled' | 'account_changed'

/** That the account is disabled is told to who has its passkey, as it is to who knows its password. */
function refuse(ctx: RequestContext, reason: Refusal, user: User | undefined): Outcome {
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action: 'User login attempt failed',
    ...(user && {
      actor: { id: user.id, username: user.username },
      resource: { type: 'USER', id: user.id },
    }),
    details: { auth_source: user?.authSource ?? 'local', provider: 'passkey', reason },
    errorMessage: 'Passkey refused',
  })
  return { kind: 'refused', problem: reason === 'account_disabled' ? 'disabled' : 'passkey' }
}
