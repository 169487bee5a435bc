/** A device code as the person who decides about it needs it: with its client, and whoever registered that. */
import { eq, type SQL } from 'drizzle-orm'
import type { Client } from '../../clients/clients'
import type { Context } from '../../context'
import { type Parameters, param, type Query, query } from '../../db/definitions'
import type { Tables } from '../../db/tables'
import type { ClientOwner } from '../client-view'
import type { DeviceCode } from './codes'
import type { UserCode } from './user-code'

export interface RequestedCode {
  readonly code: DeviceCode
  readonly client: Client
  readonly owner: ClientOwner | null
}

const requestedCode = (name: string, which: (t: Tables) => SQL): Query<RequestedCode> =>
  query(name, (q, t) =>
    q
      .select({
        code: t.deviceCodes,
        client: t.oauthApplications,
        owner: { id: t.users.id, username: t.users.username, fullName: t.users.fullName },
      })
      .from(t.deviceCodes)
      .innerJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.deviceCodes.clientId))
      .leftJoin(t.users, eq(t.users.id, t.oauthApplications.userId))
      .where(which(t)),
  )

const byUserCode = requestedCode('requested_code_by_user_code', (t) => eq(t.deviceCodes.userCodeHash, param('hash')))
const byId = requestedCode('requested_code_by_id', (t) => eq(t.deviceCodes.id, param('id')))

/** The code a person typed, of any state. Throws `DatabaseUnavailable`. */
export async function findByUserCode(
  ctx: Pick<Context, 'db' | 'secrets'>,
  userCode: UserCode,
): Promise<RequestedCode | undefined> {
  for (const hash of ctx.secrets.userCode.candidates(userCode)) {
    const found = await ctx.db.one(byUserCode, { hash })
    if (found) return found
  }
  return undefined
}

/** Of any state. Throws `DatabaseUnavailable`. */
export const findRequestedCode = (ctx: Pick<Context, 'db'>, id: string): Promise<RequestedCode | undefined> =>
  ctx.db.one(byId, { id } satisfies Parameters)

/** Whether the client may receive tokens by this grant now. */
export const mayUseDeviceFlow = ({ client }: RequestedCode): boolean =>
  client.status === 'active' && client.enableDeviceFlow
