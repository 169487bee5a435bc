/** What is stored of a second factor: the sealed secret of the app in the user's row, and digests of recovery codes. */
import { and, count, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { type Context, now } from '../../context'
import { param, query, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import { seal, sha256Hex, unseal } from '../../secrets'
import type { User } from '../users'

type Sealing = Pick<Context, 'secrets' | 'random'>

const purpose = (userId: string): string => `totp ${userId}`

/** Bound to the user: a sealed secret copied into another row opens nothing. */
export const sealTotpSecret = ({ secrets, random }: Sealing, userId: string, secret: string): string =>
  seal(secrets.seal.digest(purpose(userId)), secret, random)

/** Undefined when the server's secret was replaced without its predecessor: an administrator resets the factor then. */
export function openTotpSecret({ secrets }: Pick<Context, 'secrets'>, user: User): string | undefined {
  if (user.totpSecret === null) return undefined
  for (const key of secrets.seal.candidates(purpose(user.id))) {
    const secret = unseal(key, user.totpSecret)
    if (secret !== undefined) return secret
  }
  return undefined
}

const setTotp = write('set_totp', (q, t) =>
  q
    .update(t.users)
    .set({
      totpSecret: param('secret'),
      totpLastStep: param('step'),
      version: sql`${t.users.version} + 1`,
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

/** Throws `Conflict('user')` when the user was changed since they were read. */
export const replaceTotp = (
  ctx: Pick<Context, 'clock'>,
  { id, version }: Pick<User, 'id' | 'version'>,
  { secret, step }: { readonly secret: string | null; readonly step: number | null },
): Statement => must(setTotp, { id, version, secret, step, now: now(ctx) }, 'user')

const removeAll = write('remove_second_factors', (q, t) =>
  q
    .update(t.users)
    .set({
      ...{ totpSecret: null, totpLastStep: null, passkeyCount: 0 },
      version: sql`${t.users.version} + 1`,
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/**
 * The app's secret and the number of passkeys; their rows are deleted beside it. Throws `Conflict('user')` when the user
 * was changed since they were read.
 */
export const removeFactors = (ctx: Pick<Context, 'clock'>, { id, version }: Pick<User, 'id' | 'version'>): Statement =>
  must(removeAll, { id, version, now: now(ctx) }, 'user')

const useStep = write('use_totp_step', (q, t) =>
  q
    .update(t.users)
    .set({ totpLastStep: param('step'), totpSecret: param('secret') })
    .where(
      and(
        eq(t.users.id, param('id')),
        eq(t.users.isActive, true),
        eq(t.users.version, param('version')),
        or(isNull(t.users.totpLastStep), lt(t.users.totpLastStep, param('step'))),
      ),
    ),
)

/** Uses a code up (RFC 6238 §5.2), and seals the secret anew. The commit throws `Conflict('user')` for a second use. */
export const useTotpStep = (ctx: Sealing, user: User, secret: string, step: number): Statement =>
  must(useStep, { id: user.id, version: user.version, step, secret: sealTotpSecret(ctx, user.id, secret) }, 'user')

const insertCode = write('insert_recovery_code', (q, t) =>
  q.insert(t.recoveryCodes).values({ codeHash: param('codeHash'), userId: param('userId'), createdAt: param('now') }),
)
const deleteCodes = write('delete_recovery_codes', (q, t) =>
  q.delete(t.recoveryCodes).where(eq(t.recoveryCodes.userId, param('userId'))),
)
const deleteCode = write('use_recovery_code', (q, t) =>
  q
    .delete(t.recoveryCodes)
    .where(and(eq(t.recoveryCodes.userId, param('userId')), eq(t.recoveryCodes.codeHash, param('codeHash')))),
)
const countCodes = query('count_recovery_codes', (q, t) =>
  q
    .select({ count: count() })
    .from(t.recoveryCodes)
    .where(eq(t.recoveryCodes.userId, param('userId'))),
)
const findCode = query('recovery_code', (q, t) =>
  q
    .select({ codeHash: t.recoveryCodes.codeHash })
    .from(t.recoveryCodes)
    .where(and(eq(t.recoveryCodes.userId, param('userId')), eq(t.recoveryCodes.codeHash, param('codeHash')))),
)

export const dropRecoveryCodes = (userId: string): Statement => run(deleteCodes, { userId })

/** Throws `DatabaseUnavailable`. */
export const countRecoveryCodes = async ({ db }: Pick<Context, 'db'>, userId: string): Promise<number> =>
  (await db.one(countCodes, { userId }))?.count ?? 0

const CODES = 10
const LETTERS_IN_CODE = 16
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'

/** `xxxx-xxxx-xxxx-xxxx`: 79 random bits, which no key makes harder to guess, so that replacing one takes no code away. */
function newCode({ random }: Pick<Context, 'random'>): string {
  const limit = 256 - (256 % LETTERS.length)
  let text = ''
  while (text.length < LETTERS_IN_CODE)
    for (const byte of random.bytes(LETTERS_IN_CODE))
      if (byte < limit && text.length < LETTERS_IN_CODE) text += LETTERS[byte % LETTERS.length]
  return text.replaceAll(/.{4}(?=.)/g, '$&-')
}

/** As typed, without what people add or leave out; undefined when it cannot be one. */
export function readRecoveryCode(typed: string): string | undefined {
  const text = typed.toLowerCase().replaceAll(/[\s-]/g, '')
  return text.length === LETTERS_IN_CODE && [...text].every((letter) => LETTERS.includes(letter)) ? text : undefined
}

const digestOf = (userId: string, code: string): string => sha256Hex(`${userId} ${code}`)

const renewCodes = write('renew_recovery_codes', (q, t) =>
  q
    .update(t.users)
    .set({ version: sql`${t.users.version} + 1`, updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

/**
 * Comes first in a commit of new codes that changes nothing else of the user. Of two such commits at once one throws
 * `Conflict('user')`: neither would see the codes of the other, and twice as many were good.
 */
export const renewRecoveryCodes = (
  ctx: Pick<Context, 'clock'>,
  { id, version }: Pick<User, 'id' | 'version'>,
): Statement => must(renewCodes, { id, version, now: now(ctx) }, 'user')

/** New codes in place of all earlier ones: the codes to show once, and the statements that store their digests. */
export function replaceRecoveryCodes(
  ctx: Pick<Context, 'clock' | 'random'>,
  userId: string,
): { readonly codes: readonly string[]; readonly statements: readonly Statement[] } {
  const codes = Array.from({ length: CODES }, () => newCode(ctx))
  const inserts = codes.map((code) => {
    const codeHash = digestOf(userId, code.replaceAll('-', ''))
    return run(insertCode, { userId, codeHash, now: now(ctx) })
  })
  return { codes, statements: [dropRecoveryCodes(userId), ...inserts] }
}

/** Uses a code up; undefined when there is none like it. The commit throws `Conflict('code')` for a second use. */
export async function useRecoveryCode(
  ctx: Pick<Context, 'db'>,
  userId: string,
  code: string,
): Promise<Statement | undefined> {
  const codeHash = digestOf(userId, code)
  const found = await ctx.db.one(findCode, { userId, codeHash })
  return found && must(deleteCode, { userId, codeHash }, 'code')
}
