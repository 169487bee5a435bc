/** Authorization codes in the database: from the answer of the authorization endpoint to the redemption (RFC 6749 §4.1.2). */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
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
