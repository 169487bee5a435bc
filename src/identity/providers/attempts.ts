/**
 * Attempts to sign in through a provider: one record each, so that several tabs do not get into each other's way.
 *
 * The record is bound to the browser by a cookie and good for one return: an answer that somebody made in their own
 * browser signs nobody else in (login CSRF, RFC 6819 §4.4.1.8), and a copied one signs nobody in twice.
 */
import { and, desc, eq, gt } from 'drizzle-orm'
import { now, type RequestContext } from '../../context'
import { Conflict, commit, must, run } from '../../db/commit'
import { param, query, rowParameters, write } from '../../db/definitions'
import type { Tables } from '../../db/tables'
import { seal, unseal } from '../../secrets'
import type { Provider, Returned } from './provider'

type AttemptRow = Tables['loginTransactions']['$inferSelect']

/** Seconds. */
export const ATTEMPT_LIFE = 600
/** Tabs of one browser that may be waiting; the oldest gives way. */
const MOST_ATTEMPTS = 5

const COOKIE_VALUE = /^[\w-]{43}$/
export const LONGEST_STATE = 1_024

export interface AttemptPurpose {
  /** Where to go afterwards; empty for the default. Checked by the caller. */
  readonly redirect: string
  readonly remember: boolean
  readonly fresh: boolean
  /** The signed-in user who connects the provider to their own account. */
  readonly linkUserId: string | undefined
}

const attemptsOfBrowser = query('login_transactions_of_browser', (q, t) =>
  q
    .select()
    .from(t.loginTransactions)
    .where(
      and(eq(t.loginTransactions.browserHash, param('browserHash')), gt(t.loginTransactions.expiresAt, param('now'))),
    )
    .orderBy(desc(t.loginTransactions.createdAt)),
)

const insertAttempt = write('insert_login_transaction', (q, t) =>
  q.insert(t.loginTransactions).values(rowParameters(t.loginTransactions)),
)

const deleteAttempt = write('delete_login_transaction', (q, t) =>
  q.delete(t.loginTransactions).where(eq(t.loginTransactions.stateHash, param('stateHash'))),
)

const randomText = ({ random }: Pick<RequestContext, 'random'>): string =>
  Buffer.from(random.bytes(32)).toString('base64url')

const stateLabel = (state: string): string => `state ${state}`
const browserLabel = (cookie: string): string => `browser ${cookie}`
/** Who reads the database cannot redeem a code that they see elsewhere. */
const verifierLabel = (state: string): string => `login transaction ${state}`

/** The address to send the browser to, and the cookie it has to come back with. Throws `ProviderFailure`. */
export async function beginAttempt(
  ctx: RequestContext,
  provider: Provider,
  purpose: AttemptPurpose,
  sentCookie: string | undefined,
): Promise<{ url: URL; cookieValue: string }> {
  const { secrets, random } = ctx
  const cookieValue = sentCookie !== undefined && COOKIE_VALUE.test(sentCookie) ? sentCookie : randomText(ctx)
  const state = `${randomText(ctx)}=`
  const codeVerifier = randomText(ctx)
  const nonce = randomText(ctx)
  const url = await provider.authorizationUrl({ state, codeVerifier, nonce, fresh: purpose.fresh })

  const at = now(ctx)
  const browserHash = secrets.loginTransaction.digest(browserLabel(cookieValue))
  const waiting = await ctx.db.all(attemptsOfBrowser, { browserHash, now: at })
  const row: AttemptRow = {
    stateHash: secrets.loginTransaction.digest(stateLabel(state)),
    browserHash,
    provider: provider.name,
    issuer: provider.issuer,
    codeVerifier: seal(secrets.seal.digest(verifierLabel(state)), codeVerifier, random),
    nonce,
    redirect: purpose.redirect,
    remember: purpose.remember,
    fresh: purpose.fresh,
    linkUserId: purpose.linkUserId ?? null,
    createdAt: at,
    expiresAt: new Date(at.getTime() + ATTEMPT_LIFE * 1000),
  }
  const surplus = waiting.slice(MOST_ATTEMPTS - 1).map(({ stateHash }) => run(deleteAttempt, { stateHash }))
  await commit(ctx, [...surplus, run(insertAttempt, row)])
  return { url, cookieValue }
}

export interface ClaimedAttempt extends AttemptPurpose {
  readonly returned: Omit<Returned, 'code' | 'iss'>
}

export type AttemptClaim =
  | { readonly kind: 'claimed'; readonly attempt: ClaimedAttempt }
  /** This browser has no attempt that waits; or it has, and the state is of none of them. */
  | { readonly kind: 'no_attempt' | 'wrong_state' }

/** Uses the attempt up, whatever comes of it. Throws `DatabaseUnavailable`. */
export async function claimAttempt(
  ctx: RequestContext,
  provider: Provider,
  state: string,
  cookieValue: string | undefined,
): Promise<AttemptClaim> {
  if (cookieValue === undefined || !COOKIE_VALUE.test(cookieValue)) return { kind: 'no_attempt' }
  const { secrets } = ctx
  const browsers = secrets.loginTransaction.candidates(browserLabel(cookieValue))
  const lists = await Promise.all(
    browsers.map((browserHash) => ctx.db.all(attemptsOfBrowser, { browserHash, now: now(ctx) })),
  )
  const waiting = lists.flat()
  if (waiting.length === 0) return { kind: 'no_attempt' }
  const states = new Set(secrets.loginTransaction.candidates(stateLabel(state)))
  const row = waiting.find(({ stateHash }) => states.has(stateHash))
  if (!row || row.provider !== provider.name || row.issuer !== provider.issuer) return { kind: 'wrong_state' }

  const codeVerifier = openVerifier(ctx, state, row.codeVerifier)
  if (codeVerifier === undefined) return { kind: 'wrong_state' }
  try {
    await commit(ctx, [must(deleteAttempt, { stateHash: row.stateHash }, 'attempt')])
  } catch (error) {
    // The same answer came twice, and the other one was first.
    if (error instanceof Conflict) return { kind: waiting.length > 1 ? 'wrong_state' : 'no_attempt' }
    throw error
  }
  const { redirect, remember, fresh, nonce, linkUserId, createdAt } = row
  const returned = { codeVerifier, nonce, fresh, startedAt: createdAt }
  return { kind: 'claimed', attempt: { redirect, remember, fresh, linkUserId: linkUserId ?? undefined, returned } }
}

function openVerifier({ secrets }: RequestContext, state: string, sealed: string): string | undefined {
  for (const key of secrets.seal.candidates(verifierLabel(state))) {
    const verifier = unseal(key, sealed)
    if (verifier !== undefined) return verifier
  }
  return undefined
}
