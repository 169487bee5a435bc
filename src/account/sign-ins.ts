/** When and from where somebody signed in, as the audit trail has it. */
import { and, count, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { databaseError } from '../db/errors'
import { type Listed, type ListRequest, listPage } from '../edge/list-request'

const EVENTS = ['AUTHENTICATION_SUCCESS', 'AUTHENTICATION_FAILURE', 'OAUTH_AUTHENTICATION', 'LOGOUT'] as const

export interface SignIn {
  readonly id: string
  readonly at: Date
  readonly event: (typeof EVENTS)[number]
  readonly success: boolean
  /** Somebody who was signed in proved again who they are. */
  readonly confirmation: boolean
  readonly ip: string
  readonly userAgent: string
}

/** Older ones are left to the audit trail. */
export const MOST_SIGN_INS = 1_000

type Reader = Pick<Context, 'db'>

/** The newest first. Throws `DatabaseUnavailable`. */
export async function listSignIns(
  ctx: Reader,
  userId: string,
  request: Pick<ListRequest, 'page' | 'pageSize'>,
): Promise<Listed<SignIn>> {
  try {
    return await listPage(
      request,
      () => countSignIns(ctx, userId),
      async (window) => (await selectSignIns(ctx, userId, window)).map(toSignIn),
    )
  } catch (error) {
    throw databaseError(error, 'sign_ins_of_user')
  }
}

const ofUser = ({ db: { t } }: Reader, userId: string) =>
  and(eq(t.auditLogs.actorUserId, userId), inArray(t.auditLogs.eventType, [...EVENTS]))

async function countSignIns(ctx: Reader, userId: string): Promise<number> {
  const { q, t } = ctx.db
  const some = q
    .select({ one: sql`1`.as('one') })
    .from(t.auditLogs)
    .where(ofUser(ctx, userId))
    .limit(MOST_SIGN_INS)
    .as('some')
  const [row] = await q.select({ count: count() }).from(some)
  return row?.count ?? 0
}

const selectSignIns = (
  ctx: Reader,
  userId: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
) => {
  const { q, t } = ctx.db
  const { id, eventTime, eventType, success, details, actorIp, userAgent } = t.auditLogs
  return q
    .select({ id, eventTime, eventType, success, details, actorIp, userAgent })
    .from(t.auditLogs)
    .where(ofUser(ctx, userId))
    .orderBy(desc(eventTime), desc(id))
    .limit(limit)
    .offset(offset)
}

type Row = Awaited<ReturnType<typeof selectSignIns>>[number]

const toSignIn = ({ id, eventTime, eventType, success, details, actorIp, userAgent }: Row): SignIn => ({
  ...{ id, at: eventTime, success, ip: actorIp, userAgent },
  confirmation: details?.confirmation === true,
  event: EVENTS.find((name) => name === eventType) ?? 'LOGOUT',
})
