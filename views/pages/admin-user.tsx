import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { Badge } from '../components/badge'
import { LinkButton, OpenButton } from '../components/button'
import { Section } from '../components/card'
import { CodeBlock } from '../components/code-block'
import { Confirm } from '../components/confirm'
import { type Fact, Facts } from '../components/facts'
import { type EventView, RecentEvents } from '../components/recent-events'
import { Stat } from '../components/stat'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import { UserActions } from '../components/user-actions'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { figure } from '../numbers'
import type { SessionView } from './account-sessions'

export interface AdminUserView {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly emailVerified: boolean
  /** A provider may be linked by the address. */
  readonly linkable: boolean
  readonly fullName: string
  readonly role: 'admin' | 'user'
  readonly active: boolean
  readonly external: boolean
  readonly own: boolean
  readonly hasPassword: boolean
  /** The password is this server's affair. */
  readonly resettable: boolean
  /** An id of the authentication API belongs to the account. */
  readonly bound: boolean
  readonly secondFactor: boolean
  readonly mustChangePassword: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly lastLoginAt: Date | undefined
}

export interface OwnedAppView {
  readonly clientId: string
  readonly name: string
  readonly status: 'active' | 'pending' | 'inactive'
}

export interface AdminUserProps {
  readonly user: AdminUserView
  readonly counts: { readonly activeTokens: number; readonly connections: number; readonly consents: number }
  readonly sessions: readonly SessionView[]
  readonly apps: readonly OwnedAppView[]
  readonly events: readonly EventView[]
  readonly problem?: string
}

const pathOf = (frame: PageFrame, { id }: AdminUserView): string =>
  `${frame.basePath}/admin/users/${encodeURIComponent(id)}`

/** Facts and actions on one side; what the user has, and what happened, on the other. */
export function adminUserPage(frame: PageFrame, props: AdminUserProps): JSX.Element {
  const { user, counts, sessions, apps, events, problem } = props
  const t = frame.t.adminUsers
  const here = pathOf(frame, user)
  return (
    <AdminPage
      frame={frame}
      title={user.username}
      text={user.fullName}
      crumbs={[{ label: t.title, path: '/admin/users' }]}
      action={<LinkButton href={`${here}/edit`}>{t.edited}</LinkButton>}
    >
      {problem && (
        <div class="mb-6">
          <Alert tone="error">{problem}</Alert>
        </div>
      )}
      <div class="detail-columns">
        <div class="grid min-w-0 content-start gap-6">
          <AccountFacts frame={frame} user={user} />
          <UserActions frame={frame} user={user} />
        </div>
        <div class="min-w-0">
          <div class="grid gap-4 sm:grid-cols-3">
            <Stat
              label={t.activeTokens}
              value={figure(frame, counts.activeTokens)}
              href={`${frame.basePath}/admin/tokens?user_id=${encodeURIComponent(user.id)}&status=active`}
            />
            <Stat label={t.connections} value={figure(frame, counts.connections)} href={`${here}/connections`} />
            <Stat label={t.authorizations} value={figure(frame, counts.consents)} href={`${here}/authorizations`} />
          </div>
          <Sessions frame={frame} user={user} sessions={sessions} />
          <Section id="owned-apps" title={t.ownedApps}>
            {apps.length === 0 ? (
              <p class="panel px-5 py-6 text-sm text-muted">{t.noApps}</p>
            ) : (
              <ul class="panel divide-y divide-base-300">
                {apps.map(({ clientId, name, status }) => (
                  <li class="flex flex-wrap items-center justify-between gap-2 px-5 py-3 text-sm">
                    <a
                      class="min-w-0 font-medium wrap-anywhere hover:underline"
                      href={`${frame.basePath}/admin/clients/${encodeURIComponent(clientId)}`}
                    >
                      {name}
                    </a>
                    <Badge whole tone={status === 'active' ? 'good' : status === 'pending' ? 'warning' : 'neutral'}>
                      {t.appStatus[status]}
                    </Badge>
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section
            id="recent-activity"
            title={t.recent}
            action={
              <a
                class="link text-sm"
                href={`${frame.basePath}/admin/audit?actor_user_id=${encodeURIComponent(user.id)}`}
              >
                {t.allEvents}
              </a>
            }
          >
            {events.length === 0 ? (
              <p class="panel px-5 py-6 text-sm text-muted">{t.noRecent}</p>
            ) : (
              <RecentEvents frame={frame} events={events} short />
            )}
          </Section>
        </div>
      </div>
    </AdminPage>
  )
}

function AccountFacts({ frame, user }: { frame: PageFrame; user: AdminUserView }) {
  const t = frame.t.adminUsers
  const rows: Fact[] = [
    { name: t.facts.id, value: <CodeBlock t={frame.t} label={t.facts.id} value={user.id} /> },
    { name: t.facts.username, value: user.username },
    {
      name: t.facts.email,
      value: (
        <>
          {user.email}{' '}
          <Badge whole tone={user.emailVerified ? 'good' : 'neutral'}>
            {user.emailVerified ? t.verified : t.unverified}
          </Badge>
        </>
      ),
    },
    ...(user.fullName === '' ? [] : [{ name: t.facts.fullName, value: user.fullName }]),
    { name: frame.t.security.adminFact, value: user.secondFactor ? frame.t.security.on : frame.t.security.off },
    {
      name: t.facts.role,
      value: (
        <Badge whole tone={user.role === 'admin' ? 'accent' : 'neutral'}>
          {t.roles[user.role]}
        </Badge>
      ),
    },
    {
      name: t.facts.status,
      value: (
        <Badge whole tone={user.active ? 'good' : 'bad'}>
          {user.active ? t.active : t.disabled}
        </Badge>
      ),
    },
    { name: t.facts.source, value: user.external ? t.sources.external : t.sources.local },
    { name: t.facts.linking, value: user.linkable ? t.linkable : t.notLinkable },
    { name: t.facts.lastLogin, value: user.lastLoginAt ? <Time at={user.lastLoginAt} /> : t.never },
    { name: t.facts.created, value: <Time at={user.createdAt} /> },
    { name: t.facts.updated, value: <Time at={user.updatedAt} /> },
  ]
  return (
    <section class="panel p-5" aria-labelledby="account-facts">
      <h2 id="account-facts" class="mb-4 text-base font-semibold">
        {t.facts.title}
      </h2>
      <Facts rows={rows} />
      {user.mustChangePassword && <p class="mt-4 text-sm text-muted">{t.mustChangePassword}</p>}
      {!user.hasPassword && !user.external && <p class="mt-4 text-sm text-muted">{t.noPassword}</p>}
    </section>
  )
}

function Sessions(props: { frame: PageFrame; user: AdminUserView; sessions: readonly SessionView[] }) {
  const { frame, user, sessions } = props
  const t = frame.t.adminUsers
  const here = `${pathOf(frame, user)}/sessions`
  const columns: readonly Column<SessionView>[] = [
    {
      title: frame.t.sessions.columns.device,
      heads: true,
      cell: ({ device, current, ip }) => (
        <>
          <span class="wrap-anywhere">{device}</span>{' '}
          {current && (
            <Badge whole tone="good">
              {frame.t.sessions.thisBrowser}
            </Badge>
          )}
          <p class="mt-0.5 text-xs font-normal break-all text-muted">{ip}</p>
        </>
      ),
    },
    { title: frame.t.sessions.columns.signedIn, cell: ({ signedInAt }) => <Time at={signedInAt} /> },
    { title: frame.t.sessions.columns.lastSeen, cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
    {
      title: frame.t.sessions.columns.actions,
      actions: true,
      cell: ({ sid, device, current }) =>
        !current && (
          <OpenButton look="plain" small dialog={`end-${sid}`} describes={t.endSessionOn(device)}>
            {t.endSession}
          </OpenButton>
        ),
    },
  ]
  const others = sessions.filter(({ current }) => !current)
  return (
    <Section
      id="browser-sessions"
      title={t.signedInWhere}
      text={t.sessionsText}
      action={
        others.length > 1 &&
        !user.own && (
          <OpenButton look="plain" small dialog="end-all">
            {t.endAll}
          </OpenButton>
        )
      }
    >
      {sessions.length === 0 ? (
        <p class="panel px-5 py-6 text-sm text-muted">{t.noSessions}</p>
      ) : (
        <Table caption={t.signedInWhere} columns={columns} rows={sessions} />
      )}
      {others.length > 1 && !user.own && (
        <Confirm
          t={frame.t}
          id="end-all"
          title={t.endAllQuestion}
          action={`${here}/end-all`}
          token={frame.csrfToken}
          confirmLabel={t.endAll}
        >
          {t.endAllText(others.length)}
        </Confirm>
      )}
      {others.map(({ sid, device, ip }) => (
        <Confirm
          t={frame.t}
          id={`end-${sid}`}
          title={t.endSessionQuestion(device)}
          action={`${here}/${encodeURIComponent(sid)}/end`}
          token={frame.csrfToken}
          confirmLabel={t.endSession}
        >
          {t.endSessionText(ip)}
        </Confirm>
      ))}
    </Section>
  )
}
