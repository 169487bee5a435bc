import { AdminPage } from '../components/admin-page'
import { OpenButton } from '../components/button'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import { Hidden } from '../components/field'
import { type Column, Table } from '../components/table'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { type ConnectionView, connectionColumns } from './account-connections'

export interface AdminUserConnectionsProps {
  readonly userId: string
  readonly username: string
  readonly connections: readonly ConnectionView[]
}

export function adminUserConnectionsPage(frame: PageFrame, props: AdminUserConnectionsProps): JSX.Element {
  const { userId, username, connections } = props
  const t = frame.t.providers.admin
  const here = `${frame.basePath}/admin/users/${encodeURIComponent(userId)}/connections`
  const crumbs = [
    { label: frame.t.layout.nav.users, path: '/admin/users' },
    { label: username, path: `/admin/users/${encodeURIComponent(userId)}` },
  ]
  const actions: Column<ConnectionView> = {
    title: frame.t.providers.columns.actions,
    actions: true,
    cell: ({ id, label, username: name }) => (
      <OpenButton look="plain" small dialog={`unlink-${id}`} describes={t.unlinkOf(label, name)}>
        {t.unlink}
      </OpenButton>
    ),
  }
  return (
    <AdminPage frame={frame} title={t.title} text={t.of(username)} crumbs={crumbs}>
      {connections.length === 0 ? (
        <Empty icon="link" title={t.none} text={t.noneText} />
      ) : (
        <>
          <p class="mb-3 text-sm text-muted">{t.count(connections.length)}</p>
          <Table caption={t.title} columns={[...connectionColumns(frame.t), actions]} rows={connections} />
        </>
      )}
      {connections.map(({ id, label, onlyWay }) => (
        <Confirm
          t={frame.t}
          id={`unlink-${id}`}
          title={t.confirmTitle(label)}
          action={`${here}/${encodeURIComponent(id)}/delete`}
          token={frame.csrfToken}
          confirmLabel={t.unlink}
          fields={onlyWay && <Hidden name="force" value="1" />}
        >
          {onlyWay ? `${t.confirmText} ${t.confirmLast}` : t.confirmText}
        </Confirm>
      ))}
    </AdminPage>
  )
}
