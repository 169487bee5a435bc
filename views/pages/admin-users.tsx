import { AdminPage } from '../components/admin-page'
import { Badge } from '../components/badge'
import { LinkButton } from '../components/button'
import { Empty } from '../components/empty'
import { isNarrowed, ListToolbar, type ListView } from '../components/list-toolbar'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface UserRowView {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly fullName: string
  readonly role: 'admin' | 'user'
  /** Its password is checked by another system. */
  readonly external: boolean
  readonly active: boolean
  /** The reader's own account. */
  readonly own: boolean
  readonly createdAt: Date
  readonly lastLoginAt: Date | undefined
}

export interface AdminUsersProps {
  readonly list: ListView
  readonly listed: {
    readonly rows: readonly UserRowView[]
    readonly total: number
    readonly page: number
    readonly pages: number
    /** There may be more that match. */
    readonly cut?: boolean
  }
}

export function adminUsersPage(frame: PageFrame, { list, listed }: AdminUsersProps): JSX.Element {
  const t = frame.t.adminUsers
  const users = `${frame.basePath}${list.path}`
  const create = <LinkButton href={`${users}/new`}>{t.create}</LinkButton>
  return (
    <AdminPage frame={frame} title={t.title} text={t.text} action={create}>
      <ListToolbar frame={frame} list={list} searchLabel={t.searchPlaceholder} />
      <ListNote frame={frame} list={list} listed={listed} />
      {listed.rows.length === 0 ? (
        <NoUsers frame={frame} list={list} />
      ) : (
        <>
          <Table caption={t.title} columns={columns(frame, users)} rows={listed.rows} />
          <Pager frame={frame} list={list} listed={listed} things={t.things} />
        </>
      )}
    </AdminPage>
  )
}

function NoUsers({ frame, list }: { frame: PageFrame; list: ListView }) {
  const t = frame.t.adminUsers
  if (!isNarrowed(list)) return <Empty icon="users" title={t.emptyTitle} text={t.emptyText} />
  const action = (
    <LinkButton look="plain" small href={frame.basePath + list.path}>
      {t.clearFilters}
    </LinkButton>
  )
  return <Empty icon="search" title={t.noMatchTitle} text={t.noMatchText} action={action} />
}

function columns(frame: PageFrame, users: string): readonly Column<UserRowView>[] {
  const t = frame.t.adminUsers
  const path = (id: string) => `${users}/${encodeURIComponent(id)}`
  return [
    {
      title: t.columns.user,
      heads: true,
      cell: ({ id, username, fullName, email, own }) => (
        <>
          <div class="flex flex-wrap items-center gap-2">
            <a class="wrap-anywhere hover:underline" href={path(id)}>
              {username}
            </a>
            {own && (
              <Badge whole tone="accent">
                {t.you}
              </Badge>
            )}
          </div>
          <p class="mt-0.5 text-xs font-normal wrap-anywhere text-muted">
            {fullName === '' ? email : `${fullName} · ${email}`}
          </p>
        </>
      ),
    },
    {
      title: t.columns.role,
      cell: ({ role }) => (
        <Badge whole tone={role === 'admin' ? 'accent' : 'neutral'}>
          {t.roles[role]}
        </Badge>
      ),
    },
    {
      title: t.columns.source,
      cell: ({ external }) => <Badge whole>{external ? t.sources.external : t.sources.local}</Badge>,
    },
    {
      title: t.columns.status,
      cell: ({ active }) => (
        <Badge whole tone={active ? 'good' : 'bad'}>
          {active ? t.active : t.disabled}
        </Badge>
      ),
    },
    {
      title: t.columns.lastLogin,
      cell: ({ lastLoginAt }) => (lastLoginAt ? <Time at={lastLoginAt} /> : <span class="text-muted">{t.never}</span>),
    },
    { title: t.columns.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      title: t.columns.actions,
      actions: true,
      cell: ({ id, username, own }) => (
        <div class="flex justify-end gap-1 @max-[56rem]:justify-start">
          <RowLink href={path(id)} text={t.view} name={t.viewUser(username)} />
          <RowLink href={`${path(id)}/edit`} text={t.edit} name={t.editUserNamed(username)} />
          {!own && <RowLink href={`${path(id)}/delete`} text={t.delete} name={t.deleteUserNamed(username)} />}
        </div>
      ),
    },
  ]
}

const RowLink = (props: { href: string; text: string; name: string }) => (
  <a class="btn btn-ghost btn-sm" href={props.href} aria-label={props.name}>
    {props.text}
  </a>
)
