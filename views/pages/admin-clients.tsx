import { AdminPage } from '../components/admin-page'
import { LinkButton } from '../components/button'
import { CodeBlock } from '../components/code-block'
import { Empty } from '../components/empty'
import { ListToolbar } from '../components/list-toolbar'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { type AppRowView, AppStatusBadge, type AppsProps, grantName } from './apps'

export function adminClientsPage(frame: PageFrame, { list, listed }: AppsProps): JSX.Element {
  const t = frame.t.adminClients
  return (
    <AdminPage
      frame={frame}
      title={t.title}
      text={t.text}
      action={<LinkButton href={`${frame.basePath}${list.path}/new`}>{t.create}</LinkButton>}
    >
      <ListToolbar frame={frame} list={list} searchLabel={t.search} />
      <ListNote frame={frame} list={list} listed={listed} />
      {listed.rows.length === 0 ? (
        <Empty icon="search" title={frame.t.apps.noMatchTitle} text={frame.t.apps.noMatchText} />
      ) : (
        <>
          <Table caption={t.title} columns={columns(frame, list.path)} rows={listed.rows} />
          <Pager frame={frame} list={list} listed={listed} things={t.things} />
        </>
      )}
    </AdminPage>
  )
}

function columns(frame: PageFrame, path: string): readonly Column<AppRowView>[] {
  const t = frame.t.apps
  return [
    {
      title: t.columns.name,
      heads: true,
      cell: ({ id, name }) => (
        <a class="wrap-anywhere hover:underline" href={`${frame.basePath}${path}/${encodeURIComponent(id)}`}>
          {name}
        </a>
      ),
    },
    {
      title: t.columns.clientId,
      cell: ({ id, name }) => <CodeBlock t={frame.t} label={`${t.clientId} (${name})`} value={id} brief />,
    },
    {
      title: t.columns.grants,
      cell: ({ grants }) => (
        <span class="wrap-anywhere">{grants.map((grant) => grantName(frame.t, grant)).join(', ')}</span>
      ),
    },
    { title: t.columns.status, cell: ({ status }) => <AppStatusBadge t={frame.t} status={status} /> },
    { title: t.columns.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
  ]
}
