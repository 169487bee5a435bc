import { Badge } from '../components/badge'
import { LinkButton } from '../components/button'
import { CodeBlock } from '../components/code-block'
import { Empty } from '../components/empty'
import { isNarrowed, ListToolbar, type ListView } from '../components/list-toolbar'
import { AccountPage } from '../components/page'
import { Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'

export type AppStatus = 'pending' | 'active' | 'inactive'

export interface AppRowView {
  readonly id: string
  readonly name: string
  readonly description: string
  /** By their names in the protocol. */
  readonly grants: readonly string[]
  readonly status: AppStatus
  readonly createdAt: Date
}

export interface AppsProps {
  readonly list: ListView
  readonly listed: {
    readonly rows: readonly AppRowView[]
    readonly total: number
    readonly page: number
    readonly pages: number
    /** There may be more that match. */
    readonly cut?: boolean
  }
}

export const AppStatusBadge = ({ t, status }: { t: Messages; status: AppStatus }) => (
  <Badge
    whole
    tone={status === 'active' ? 'good' : status === 'pending' ? 'warning' : 'bad'}
    icon={status === 'active' ? 'circle-check' : status === 'pending' ? 'clock' : 'ban'}
  >
    {t.apps.status[status]}
  </Badge>
)

/** Names of grants for people; one nobody knows is shown as it is. */
export const grantName = ({ apps }: Messages, grant: string): string =>
  Object.hasOwn(apps.grantNames, grant) ? apps.grantNames[grant as keyof typeof apps.grantNames] : grant

export function appsPage(frame: PageFrame, { list, listed }: AppsProps): JSX.Element {
  const t = frame.t.apps
  const create = `${frame.basePath}${list.path}/new`
  const bare = listed.total === 0 && !isNarrowed(list)
  return (
    <AccountPage
      frame={frame}
      title={t.title}
      text={t.text}
      action={!bare && <LinkButton href={create}>{t.register}</LinkButton>}
    >
      {!bare && <ListToolbar frame={frame} list={list} searchLabel={t.searchPlaceholder} />}
      {listed.rows.length === 0 ? (
        <NoApps frame={frame} list={list} create={create} />
      ) : (
        <>
          <Table caption={t.title} columns={columns(frame, list.path)} rows={listed.rows} />
          <Pager frame={frame} list={list} listed={listed} things={t.things} />
        </>
      )}
    </AccountPage>
  )
}

function NoApps({ frame, list, create }: { frame: PageFrame; list: ListView; create: string }) {
  const t = frame.t.apps
  if (!isNarrowed(list))
    return (
      <Empty
        icon="app-window"
        title={t.emptyTitle}
        text={t.emptyText}
        action={<LinkButton href={create}>{t.registerFirst}</LinkButton>}
      />
    )
  const all = (
    <LinkButton look="plain" small href={frame.basePath + list.path}>
      {t.showAll}
    </LinkButton>
  )
  return <Empty icon="search" title={t.noMatchTitle} text={t.noMatchText} action={all} />
}

function columns(frame: PageFrame, apps: string): readonly Column<AppRowView>[] {
  const t = frame.t.apps
  const path = (id: string) => `${frame.basePath}${apps}/${encodeURIComponent(id)}`
  return [
    {
      title: t.columns.name,
      heads: true,
      cell: ({ id, name, description }) => (
        <>
          <a class="wrap-anywhere hover:underline" href={path(id)}>
            {name}
          </a>
          {description !== '' && (
            <p class="mt-0.5 line-clamp-2 max-w-xs text-xs font-normal wrap-anywhere text-muted">{description}</p>
          )}
        </>
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
    {
      title: t.columns.actions,
      actions: true,
      cell: ({ id, name }) => (
        <div class="flex justify-end gap-1 @max-[56rem]:justify-start">
          <a class="btn btn-ghost btn-sm" href={path(id)} aria-label={t.viewApp(name)}>
            {t.view}
          </a>
          <a class="btn btn-ghost btn-sm" href={`${path(id)}/edit`} aria-label={t.editAppNamed(name)}>
            {t.edit}
          </a>
        </div>
      ),
    },
  ]
}
