/** What the pages about users show, of what is stored. */

import type { EventView } from '../../views/components/recent-events'
import { deviceName } from '../../views/describe'
import type { Messages } from '../../views/messages'
import type { SessionView } from '../../views/pages/account-sessions'
import type { AdminUserView, OwnedAppView } from '../../views/pages/admin-user'
import type { UserRowView } from '../../views/pages/admin-users'
import type { AuditRow } from '../audit/row'
import type { Context } from '../context'
import { hasSecondFactor } from '../identity/second-factor/required'
import type { SessionRow } from '../identity/session-records'
import type { BrowserSession } from '../identity/sessions'
import type { User } from '../identity/users'
import type { OwnedApp } from '../users/owned-apps'
import { isBound } from '../users/rebind-user'
import { hasLocalPassword } from '../users/reset-password'
import type { ListedUser } from '../users/user-list'
import { eventNames } from './event-names'

/** Names of applications and people have to be clickable, also where somebody left theirs empty. */
const named = (name: string, id: string): string => (name.trim() === '' ? id : name)

export const userRowView = (row: ListedUser, { user }: BrowserSession): UserRowView => ({
  id: row.id,
  username: row.username,
  email: row.email,
  fullName: row.fullName,
  role: row.role,
  external: !hasLocalPassword(row),
  active: row.isActive,
  own: row.id === user.id,
  createdAt: row.createdAt,
  lastLoginAt: row.lastLoginAt ?? undefined,
})

export const userView = (user: User, session: BrowserSession): AdminUserView => ({
  ...userRowView(user, session),
  emailVerified: user.emailVerified,
  linkable: user.emailVouchedBy !== null,
  hasPassword: user.passwordHash !== '',
  resettable: hasLocalPassword(user),
  bound: isBound(user),
  secondFactor: hasSecondFactor(user),
  mustChangePassword: user.mustChangePassword,
  updatedAt: user.updatedAt,
})

export const appView = ({ clientId, clientName, status }: OwnedApp): OwnedAppView => ({
  clientId,
  name: named(clientName, clientId),
  status,
})

export const userSessionView = (t: Messages, row: SessionRow, current: BrowserSession): SessionView => ({
  sid: row.sid,
  current: row.idHash === current.idHash,
  device: deviceName(t, row.userAgent),
  ip: row.ip,
  signedInAt: row.createdAt,
  lastSeenAt: row.lastSeenAt,
  expiresAt: row.expiresAt,
  remembered: row.remember,
})

export async function eventViews(ctx: Pick<Context, 'db'>, rows: readonly AuditRow[]): Promise<EventView[]> {
  const namesOf = await eventNames(ctx, rows)
  return rows.map((row) => {
    const { actor, clientName } = namesOf(row)
    return {
      id: row.id,
      at: row.eventTime,
      action: named(row.action, row.eventType),
      eventType: row.eventType,
      ...{ actor, actorId: row.actorUserId, address: row.actorIp },
      ...{ resourceType: row.resourceType, resourceId: row.resourceId, resourceName: row.resourceName, clientName },
      success: row.success,
    }
  })
}
