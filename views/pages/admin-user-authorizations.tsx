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

export interface UserAuthorizationView {
  readonly uuid: string
  readonly clientId: string
  readonly clientName: string
  readonly scopes: readonly string[]
  readonly grantedAt: Date
}

export interface UserAuthorizationsProps {
  readonly user: { readonly id: string; readonly username: string }
  readonly authorizations: readonly UserAuthorizationView[]
  readonly list: ListView
  readonly listed: { readonly total: number; readonly page: number; readonly pages: number; readonly cut?: boolean }
}

export function adminUserAuthorizationsPage(frame: PageFrame, props: UserAuthorizationsProps): JSX.Element {
  const { user, authorizations, list, listed } = props
  const t = frame.t.adminUsers
  const here = `/admin/users/${encodeURIComponent(user.id)}`
  const columns: readonly Column<UserAuthorizationView>[] = [
    {
      title: t.authorizationColumns.application,
      heads: true,
      cell: ({ clientId, clientName }) => (
        <>
          <a
            class="wrap-anywhere hover:underline"
            href={`${frame.basePath}/admin/clients/${encodeURIComponent(clientId)}`}
          >
            {clientName}
          </a>
          <p class="mt-0.5 font-mono text-xs font-normal break-all text-muted">{clientId}</p>
        </>
      ),
    },
    {
      title: t.authorizationColumns.scopes,
      cell: ({ scopes }) => <span class="wrap-anywhere">{scopes.join(', ') || frame.t.sessions.noPermissions}</span>,
    },
    { title: t.authorizationColumns.granted, cell: ({ grantedAt }) => <Time at={grantedAt} /> },
    {
      title: t.authorizationColumns.actions,
      actions: true,
      cell: ({ uuid, clientName }) => (
        <OpenButton look="plain" small dialog={`revoke-${uuid}`} describes={t.revokeFor(clientName)}>
          {t.revoke}
        </OpenButton>
      ),
    },
  ]
  return (
    <AdminPage
      frame={frame}
      title={t.authorizationsTitle(user.username)}
      text={t.authorizationsText}
      crumbs={[
        { label: t.title, path: '/admin/users' },
        { label: user.username, path: here },
      ]}
    >
      {authorizations.length === 0 ? (
        <Empty icon="app-window" title={t.noAuthorizationsTitle} text={t.noAuthorizationsText} />
      ) : (
        <>
          <ListNote frame={frame} list={list} listed={listed} />
          <Table caption={t.authorizations} columns={columns} rows={authorizations} />
          <Pager frame={frame} list={list} listed={listed} things={t.authorizationThings(listed.total)} />
        </>
      )}
      {authorizations.map(({ uuid, clientName }) => (
        <Confirm
          t={frame.t}
          id={`revoke-${uuid}`}
          title={t.revokeQuestion(clientName)}
          action={`${frame.basePath}${here}/authorizations/${encodeURIComponent(uuid)}/revoke`}
          token={frame.csrfToken}
          confirmLabel={t.revoke}
        >
          {t.revokeText(clientName)}
        </Confirm>
      ))}
    </AdminPage>
  )
}
