/** Authorization codes in the database: from the answer of the authorization endpoint to the redemption (RFC 6749 §4.1.2). */
import { and, eq, gt, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, rowParameters, type Write, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import { sha256Hex } from '../secrets'

export type AuthorizationCode = Tables['authorizationCodes']['$inferSelect']

const CODE_BYTES = 32
const CODE = /^[0-9a-f]{64}$/

/** 256 random bits, lower-case hexadecimal. */
export const generateAuthorizationCode = ({ random }: Pick<Context, 'random'>): string =>
  Buffer.from(random.bytes(CODE_BYTES)).toString('hex')

/** How a code is stored: only who holds the code can find its row. */
export const hashOf = (code: string): string => sha256Hex(code)

const codeByHash = query('authorization_code_by_hash', (q, t) =>
  q
    .select()
    .from(t.authorizationCodes)
    .where(eq(t.authorizationCodes.codeHash, param('hash'))),
)

/** The row of a code in any state, also used or expired. Throws `DatabaseUnavailable`. */
export async function findAuthorizationCode(
  ctx: Pick<Context, 'db'>,
  code: string,
): Promise<AuthorizationCode | undefined> {
  return CODE.test(code) ? await ctx.db.one(codeByHash, { hash: hashOf(code) }) : undefined
}

const insertCode = write('insert_authorization_code', (q, t) =>
  q.insert(t.authorizationCodes).values(rowParameters(t.authorizationCodes)),
)

/** The row of a new code, as part of the commit of what was allowed. */
export const insertAuthorizationCode = (row: AuthorizationCode): Statement => run(insertCode, row)

/** Codes that nobody redeemed end with the browser sessions `which` names; part of the commit that deletes those. */
export const dropCodesOfSessions = (name: string, which: (t: Tables) => SQL | undefined): Write =>
  write(`drop_codes_of_${name}`, (q, t) => {
    const { sessions, authorizationCodes } = t
    const users = q.select({ id: sessions.userId }).from(sessions).where(which(t))
    const sids = q.select({ sid: sessions.sid }).from(sessions).where(which(t))
    return q
      .delete(authorizationCodes)
      .where(
        and(
          inArray(authorizationCodes.userId, users),
          inArray(authorizationCodes.sid, sids),
          isNull(authorizationCodes.usedAt),
        ),
      )
  })

const liveCodesOf = query('live_authorization_codes_of', (q, t) =>
  q
    .select({ uuid: t.authorizationCodes.uuid })
    .from(t.authorizationCodes)
    .where(
      and(
        eq(t.authorizationCodes.userId, param('userId')),
        eq(t.authorizationCodes.clientId, param('clientId')),
        isNull(t.authorizationCodes.usedAt),
        gt(t.authorizationCodes.expiresAt, param('now')),
      ),
    )
    .limit(1)
    .offset(param<number>('beyond')),
)

/** Whether at least `count` codes of a user for a client wait for their redemption. */
export async function hasLiveAuthorizationCodes(
  ctx: Pick<Context, 'db' | 'clock'>,
  of: { userId: string; clientId: string },
  count: number,
): Promise<boolean> {
  const found = await ctx.db.one(liveCodesOf, { ...of, now: now(ctx), beyond: count - 1 })
  return found !== undefined
}

/** Failed checks of redirect URI or verifier after which a code is worth nothing, also to its rightful holder. */
const MAX_FAILURES = 5

export type AuthorizationCodeState = 'fresh' | 'used' | 'burnt' | 'expired'

/** What became of a code. One that was used stays so after its time: using it again is evidence. */
export function stateOf(
  ctx: Pick<Context, 'clock'>,
  code: Pick<AuthorizationCode, 'usedAt' | 'failedAttempts' | 'expiresAt'>,
): AuthorizationCodeState {
  if (code.usedAt) return 'used'
  if (code.failedAttempts >= MAX_FAILURES) return 'burnt'
  return code.expiresAt.getTime() <= ctx.clock.now() ? 'expired' : 'fresh'
}

const unspent = (t: Tables) =>
  and(
    eq(t.authorizationCodes.uuid, param('uuid')),
    isNull(t.authorizationCodes.usedAt),
    lt(t.authorizationCodes.failedAttempts, MAX_FAILURES),
  )

const useCode = write('use_authorization_code', (q, t) =>
  q
    .update(t.authorizationCodes)
    .set({ usedAt: param('now'), tokenFamilyId: param('familyId') })
    .where(and(unspent(t), gt(t.authorizationCodes.expiresAt, param('now')))),
)

/** Uses up a fresh code, once: the commit throws `Conflict('code')` for everybody but the first. */
export const useAuthorizationCode = (
  ctx: Pick<Context, 'clock'>,
  use: { uuid: string; familyId: string | undefined },
): Statement => must(useCode, { uuid: use.uuid, familyId: use.familyId ?? null, now: now(ctx) }, 'code')

const countFailure = write('count_authorization_code_failure', (q, t) =>
  q
    .update(t.authorizationCodes)
    .set({ failedAttempts: sql`${t.authorizationCodes.failedAttempts} + 1` })
    .where(unspent(t)),
)

/** One more failed check; the fifth burns the code. */
export const countCodeFailure = ({ uuid }: AuthorizationCode): Statement => run(countFailure, { uuid })
