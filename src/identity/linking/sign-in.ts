/** Signing in as whoever the provider says: finding, connecting or making the account, and the session. */
import type { RequestContext } from '../../context'
import { Conflict, Duplicate } from '../../db/commit'
import { type StartedSession, startSession } from '../sessions'
import { auditRefusedLogin } from './audit-login'
import { type Plan, type ProviderLogin, planLogin, type Taken } from './plan'
import { type Refusal, resolveAccount } from './resolve'

export type ProviderLoginOutcome =
  | { readonly kind: 'signed_in'; readonly started: StartedSession }
  | { readonly kind: 'refused'; readonly reason: Refusal }

/** Somebody else's write came between reading and writing; reading again settles it. */
const MOST_ATTEMPTS = 20

/** Throws `DatabaseUnavailable`. */
export async function signInThrough(ctx: RequestContext, login: ProviderLogin): Promise<ProviderLoginOutcome> {
  const taken: Taken = { usernames: new Set(), rename: false, address: false }
  for (let attempt = 1; ; attempt++) {
    const resolution = await resolveAccount(ctx, login.provider, login.account)
    if (resolution.kind === 'refused') {
      auditRefusedLogin(ctx, login.provider, resolution.reason, login.account, resolution.user)
      return { kind: 'refused', reason: resolution.reason }
    }
    const plan = await planLogin(ctx, login, resolution, taken)
    try {
      return { kind: 'signed_in', started: await start(ctx, login, plan) }
    } catch (error) {
      const isRepeatable = error instanceof Conflict || error instanceof Duplicate
      if (!isRepeatable || attempt === MOST_ATTEMPTS) throw error
      if (error instanceof Duplicate) noteTaken(taken, error, plan)
    }
  }
}

function noteTaken(taken: Taken, { constraint }: Duplicate, plan: Plan): void {
  if (/username/.test(constraint)) {
    taken.usernames.add(plan.user.username)
    taken.rename = true
  } else if (/email/.test(constraint)) taken.address = true
}

function start(ctx: RequestContext, login: ProviderLogin, { user, claim, alongside }: Plan): Promise<StartedSession> {
  const { provider, account, remember, replaces } = login
  const at = ctx.clock.now()
  const authTime = new Date(Math.min(account.authTime?.getTime() ?? at, at))
  const proven = {
    user,
    // Who only proves again who they are keeps what they chose before.
    remember: remember || (replaces?.user.id === user.id && replaces.remember),
    amr: 'fed',
    idp: provider.name,
    authTime,
    ...(replaces && { replaces }),
  }
  return startSession(ctx, proven, { claim, alongside })
}
