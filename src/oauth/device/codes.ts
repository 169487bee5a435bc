/** Device codes in the database: one row from the request to the redemption (RFC 8628). Only digests are stored. */
import { and, eq, gt, isNotNull, isNull, lt } from 'drizzle-orm'
import { type Context, now } from '../../context'
import { type Parameters, param, query, rowParameters, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import type { Tables } from '../../db/tables'
import { sha256Hex } from '../../secrets'
import { findImportedCode } from './imported-codes'

export type DeviceCode = Tables['deviceCodes']['$inferSelect']

/** Life of a device code, in seconds. */
export const LIFETIME_SECONDS = 1800
/** Seconds between two polls, until a device is told to slow down. */
export const POLL_INTERVAL_SECONDS = 5

const CODE_BYTES = 20
const CODE = /^[0-9a-f]{40}$/

/** 160 random bits, lower-case hexadecimal. */
export const generateDeviceCode = ({ random }: Pick<Context, 'random'>): string =>
  Buffer.from(random.bytes(CODE_BYTES)).toString('hex')

/** What a poll needs to know of a code. */
const polled = (t: Tables) => ({
  id: t.deviceCodes.id,
  clientId: t.deviceCodes.clientId,
  scopes: t.deviceCodes.scopes,
  expiresAt: t.deviceCodes.expiresAt,
  pollInterval: t.deviceCodes.pollInterval,
  lastPolledAt: t.deviceCodes.lastPolledAt,
  userId: t.deviceCodes.userId,
  authorizationId: t.deviceCodes.authorizationId,
  authorizedAt: t.deviceCodes.authorizedAt,
  deniedAt: t.deviceCodes.deniedAt,
  consumedAt: t.deviceCodes.consumedAt,
  tokenFamilyId: t.deviceCodes.tokenFamilyId,
})

const codeByHash = query('device_code_by_hash', (q, t) =>
  q
    .select(polled(t))
    .from(t.deviceCodes)
    .where(eq(t.deviceCodes.deviceCodeHash, param('hash'))),
)

const codeById = query('device_code_by_id', (q, t) =>
  q
    .select(polled(t))
    .from(t.deviceCodes)
    .where(eq(t.deviceCodes.id, param('id'))),
)

export type PolledCode = Pick<DeviceCode, keyof ReturnType<typeof polled>>

/** The row of a device code. What cannot be one is not looked for. Throws `DatabaseUnavailable`. */
export async function findDeviceCode(ctx: Context, code: string): Promise<PolledCode | undefined> {
  if (!CODE.test(code)) return undefined
  const found = await ctx.db.one(codeByHash, { hash: sha256Hex(code) })
  if (found) return found
  const id = await findImportedCode(ctx, code)
  return id === undefined ? undefined : await ctx.db.one(codeById, { id })
}

export type DeviceCodeState = 'waiting' | 'approved' | 'denied' | 'used' | 'expired'

/** What became of a code. One that was used or denied stays so after its time. */
export function stateOf(
  ctx: Pick<Context, 'clock'>,
  code: Pick<DeviceCode, 'consumedAt' | 'deniedAt' | 'expiresAt' | 'authorizedAt'>,
): DeviceCodeState {
  if (code.consumedAt) return 'used'
  if (code.deniedAt) return 'denied'
  if (code.expiresAt.getTime() <= ctx.clock.now()) return 'expired'
  return code.authorizedAt ? 'approved' : 'waiting'
}

const insertCode = write('insert_device_code', (q, t) => q.insert(t.deviceCodes).values(rowParameters(t.deviceCodes)))

/** The commit throws `Duplicate` when a code of the same text exists. */
export const insertDeviceCode = (row: DeviceCode): Statement => run(insertCode, row)

const liveCodesFrom = query('live_device_codes_from', (q, t) =>
  q
    .select({ id: t.deviceCodes.id })
    .from(t.deviceCodes)
    .where(
      and(
        eq(t.deviceCodes.clientId, param('clientId')),
        eq(t.deviceCodes.requestIp, param('ip')),
        gt(t.deviceCodes.expiresAt, param('now')),
        isNull(t.deviceCodes.consumedAt),
        isNull(t.deviceCodes.deniedAt),
      ),
    )
    .limit(1)
    .offset(param<number>('beyond')),
)

/** Whether a client has at least `count` codes waiting that were asked for from one address. */
export async function hasLiveCodes(
  ctx: Pick<Context, 'db' | 'clock'>,
  of: { clientId: string; ip: string },
  count: number,
): Promise<boolean> {
  const found = await ctx.db.one(liveCodesFrom, { ...of, now: now(ctx), beyond: count - 1 })
  return found !== undefined
}

const undecided = (t: Tables) =>
  and(
    eq(t.deviceCodes.id, param('id')),
    isNull(t.deviceCodes.authorizedAt),
    isNull(t.deviceCodes.deniedAt),
    isNull(t.deviceCodes.consumedAt),
    gt(t.deviceCodes.expiresAt, param('now')),
  )

const approveRow = write('approve_device_code', (q, t) =>
  q
    .update(t.deviceCodes)
    .set({
      userId: param('userId'),
      authorizationId: param('authorizationId'),
      scopes: param('scopes'),
      authorizedAt: param('now'),
    })
    .where(undecided(t)),
)

/** The commit throws `Conflict('code')` unless the code still waits for a decision. */
export const approveDeviceCode = (
  ctx: Pick<Context, 'clock'>,
  id: string,
  approval: { userId: string; authorizationId: string; scopes: string },
): Statement => must(approveRow, { id, now: now(ctx), ...approval }, 'code')

const denyRow = write('deny_device_code', (q, t) =>
  q
    .update(t.deviceCodes)
    .set({ userId: param('userId'), deniedAt: param('now') })
    .where(undecided(t)),
)

/** The commit throws `Conflict('code')` unless the code still waits for a decision. */
export const denyDeviceCode = (ctx: Pick<Context, 'clock'>, id: string, userId: string): Statement =>
  must(denyRow, { id, now: now(ctx), userId }, 'code')

const claimRow = write('claim_device_code', (q, t) =>
  q
    .update(t.deviceCodes)
    .set({ consumedAt: param('now'), tokenFamilyId: param('familyId') })
    .where(
      and(
        eq(t.deviceCodes.id, param('id')),
        eq(t.deviceCodes.userId, param('userId')),
        isNotNull(t.deviceCodes.authorizedAt),
        isNull(t.deviceCodes.deniedAt),
        isNull(t.deviceCodes.consumedAt),
        gt(t.deviceCodes.expiresAt, param('now')),
      ),
    ),
)

/** Uses up an approved code, once: the commit throws `Conflict('code')` for everybody but the first. */
export const claimDeviceCode = (
  ctx: Pick<Context, 'clock'>,
  claim: { id: string; userId: string; familyId: string | undefined },
): Statement =>
  must(claimRow, { ...claim, familyId: claim.familyId ?? null, now: now(ctx) } satisfies Parameters, 'code')

const deleteDenied = write('delete_denied_device_code', (q, t) =>
  q.delete(t.deviceCodes).where(and(eq(t.deviceCodes.id, param('id')), isNotNull(t.deviceCodes.deniedAt))),
)

/** The device was told: the code is gone. The commit throws `Conflict('code')` for everybody but the first. */
export const removeDeniedCode = (id: string): Statement => must(deleteDenied, { id }, 'code')

const lengthenInterval = write('lengthen_poll_interval', (q, t) =>
  q
    .update(t.deviceCodes)
    .set({ pollInterval: param('interval'), lastPolledAt: param('now') })
    .where(and(eq(t.deviceCodes.id, param('id')), lt(t.deviceCodes.pollInterval, param('interval')))),
)

/** From now on the device has to wait longer between its polls. Intervals in seconds; they never get shorter. */
export const slowDown = (ctx: Pick<Context, 'clock'>, id: string, interval: number): Statement =>
  run(lengthenInterval, { id, interval, now: now(ctx) })
