/** `/account`: what a person needs to know about their account at a glance. */
import { t } from 'elysia'
import { accountOverviewPage } from '../../views/pages/account-overview'
import { countConsentsOfUser } from '../consent/consents-of-user'
import type { Context } from '../context'
import { readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { signedInSurface } from '../edge/surfaces/page'
import { hasPassword } from '../identity/change-password'
import { listConnections } from '../identity/linking/records'
import { ownSessions } from '../identity/own-sessions'
import { signInView } from './activity'
import { GRANT_FILTERS, listGrants } from './grant-list'
import { listSignIns } from './sign-ins'

const RECENT = { page: 1, pageSize: 5 }
const ACTIVE = readListRequest({ status: 'active' }, { filters: GRANT_FILTERS })

export const accountOverviewPages = (context: Context) =>
  signedInSurface(context).get(
    '/account',
    async ({ ctx, session }) => {
      const { user } = session
      const [sessions, grants, consents, connections, signIns] = await Promise.all([
        ownSessions(ctx, session),
        listGrants(ctx, user.id, ACTIVE),
        countConsentsOfUser(ctx, user.id),
        listConnections(ctx, user.id),
        listSignIns(ctx, user.id, RECENT),
      ])
      const frame = pageFrame(ctx, session)
      const html = accountOverviewPage(frame, {
        ...{ username: user.username, fullName: user.fullName, email: user.email, role: user.role },
        memberSince: user.createdAt,
        signedInAt: session.authTime,
        hasPassword: hasPassword(session),
        counts: {
          sessions: sessions.length,
          grants: grants.total,
          authorizations: consents,
          connections: connections.length,
        },
        signIns: signIns.rows.map((row) => signInView(frame.t, row)),
      })
      return page(html)
    },
    { response: t.Any() },
  )
