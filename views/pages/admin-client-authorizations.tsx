import { AdminPage } from '../components/admin-page'
import { OpenButton } from '../components/button'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import type { ListView } from '../components/list-toolbar'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ClientAuthorizationView {
  readonly uuid: string
  readonly userId: string
  readonly username: string
  /** Empty when the account is gone. */
  readonly email: string
  readonly scopes: readonly string[]
  readonly grantedAt: Date
}

export interface ClientAuthorizationsProps {
  readonly app: { readonly id: string; readonly name: string }
  readonly list: ListView
  readonly listed: {
    readonly rows: readonly ClientAuthorizationView[]
    readonly total: number
    readonly page: number
    readonly pages: number
    /** There may be more that match. */
    readonly cut?: boolean
  }
}

export function adminClientAuthorizationsPage(frame: PageFrame, props: ClientAuthorizationsProps): JSX.Element {
  const { app, list, listed } = props
  const t = frame.t.adminClients
  const m = frame.t.adminUsers
  const here = `/admin/clients/${encodeURIComponent(app.id)}`
  const columns: readonly Column<ClientAuthorizationView>[] = [
    {
      title: t.authorizationUser,
      heads: true,
      cell: ({ userId, username }) => (
        <a class="wrap-anywhere hover:underline" href={`${frame.basePath}/admin/users/${encodeURIComponent(userId)}`}>
          {username}
        </a>
      ),
    },
    { title: m.facts.email, cell: ({ email }) => <span class="wrap-anywhere">{email}</span> },
    {
      title: m.authorizationColumns.scopes,
      cell: ({ scopes }) => <span class="wrap-anywhere">{scopes.join(', ') || frame.t.sessions.noPermissions}</span>,
    },
    { title: m.authorizationColumns.granted, cell: ({ grantedAt }) => <Time at={grantedAt} /> },
    {
      title: m.authorizationColumns.actions,
      actions: true,
      cell: ({ uuid, username }) => (
        <OpenButton look="plain" small dialog={`revoke-${uuid}`} describes={t.revokeOf(username)}>
          {m.revoke}
        </OpenButton>
      ),
    },
  ]
  return (
    <AdminPage
      frame={frame}
      title={t.authorizationsTitle(app.name)}
      text={t.authorizationsText}
      crumbs={[
        { label: t.title, path: '/admin/clients' },
        { label: app.name, path: here },
      ]}
    >
      <ListNote frame={frame} list={list} listed={listed} />
      {listed.rows.length === 0 ? (
        <Empty icon="users" title={t.noAuthorizationsTitle} text={t.noAuthorizationsText} />
      ) : (
        <>
          <Table caption={t.authorizations} columns={columns} rows={listed.rows} />
          <Pager frame={frame} list={list} listed={listed} things={t.authorizationThings} />
        </>
      )}
      {listed.rows.map(({ uuid, username }) => (
        <Confirm
          t={frame.t}
          id={`revoke-${uuid}`}
          title={t.revokeOfQuestion(username)}
          action={`${frame.basePath}${here}/authorizations/${encodeURIComponent(uuid)}/revoke`}
          token={frame.csrfToken}
          confirmLabel={m.revoke}
        >
          {t.revokeOfText(username, app.name)}
        </Confirm>
      ))}
    </AdminPage>
  )
}
