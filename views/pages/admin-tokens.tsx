import { AdminPage } from '../components/admin-page'
import { Badge } from '../components/badge'
import { LinkButton } from '../components/button'
import { Empty } from '../components/empty'
import { Hidden } from '../components/field'
import { isNarrowed, ListToolbar, type ListView, listHref } from '../components/list-toolbar'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import {
  type AdminTokenView,
  TokenActions,
  TokenClient,
  TokenDialogs,
  TokenStatus,
  TokenUser,
} from '../components/token-parts'
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'

/** Enough of an id to tell it from others beside it; they all begin with the time. */
const END_OF_ID = 8

export interface AdminTokensProps {
  readonly list: ListView
  readonly listed: {
    readonly rows: readonly AdminTokenView[]
    readonly total: number
    readonly page: number
    readonly pages: number
    /** There may be more that match. */
    readonly cut?: boolean
  }
  /** The query of this list, which its buttons return to. */
  readonly query: string
  /** Whose tokens the list is narrowed to, by name where known; `revocable` when there is somebody to revoke all of. */
  readonly narrowed?: {
    readonly user?: { readonly name: string; readonly revocable: boolean }
    readonly client?: { readonly name: string; readonly revocable: boolean }
  }
}

export function adminTokensPage(frame: PageFrame, props: AdminTokensProps): JSX.Element {
  const { list, listed, query } = props
  const t = frame.t.adminTokens
  const narrowed = isNarrowed(list)
  return (
    <AdminPage frame={frame} title={t.title} text={t.text}>
      <ListToolbar frame={frame} list={list} searchLabel={t.search} />
      <Narrowing frame={frame} list={list} narrowed={props.narrowed} />
      <ListNote frame={frame} list={list} listed={listed} />
      {listed.rows.length === 0 ? (
        <Empty
          icon={narrowed ? 'search' : 'key-round'}
          title={narrowed ? t.noMatchTitle : t.noneTitle}
          text={narrowed ? t.noMatchText : t.noneText}
        />
      ) : (
        <>
          <Table caption={t.title} columns={columns(frame, query)} rows={listed.rows} />
          <Pager frame={frame} list={list} listed={listed} things={t.things} />
        </>
      )}
      {listed.rows.map((token) => (
        <TokenDialogs frame={frame} token={token} back={<Hidden name="list" value={query} />} />
      ))}
    </AdminPage>
  )
}

/** What a link from another page narrowed the list to, each with a way out, and all of it with an end. */
const Narrowing = ({
  frame,
  list,
  narrowed = {},
}: { frame: PageFrame } & Pick<AdminTokensProps, 'list' | 'narrowed'>) => {
  const t = frame.t.adminTokens
  const { filters } = list.state
  const { user, client } = narrowed
  const ids = [
    ...(user ? [{ name: 'user_id', label: t.ofUser(user.name) }] : []),
    ...(client ? [{ name: 'client_id', label: t.ofClient(client.name) }] : []),
  ]
  if (ids.length === 0) return nothing
  const only = user && client ? undefined : (user ?? client)
  const field = user ? 'user_id' : 'client_id'
  const subject = new URLSearchParams({ [field]: filters[field] ?? '' })
  return (
    <div class="mb-4 flex flex-wrap items-center justify-between gap-3 text-sm">
      <p class="flex min-w-0 flex-wrap items-center gap-2">
        {ids.map(({ name, label }) => (
          <span class="inline-flex min-w-0 flex-wrap items-center gap-2">
            <Badge tone="accent">{label}</Badge>
            <a class="link" href={listHref(frame, list, { [name]: '' })}>
              {frame.t.lists.clear}
            </a>
          </span>
        ))}
      </p>
      {only?.revocable && (
        <LinkButton look="plain" small href={`${frame.basePath}/admin/tokens/revoke-all?${subject}`}>
          {user ? t.revokeAllOfUser : t.revokeAllOfClient}
        </LinkButton>
      )}
    </div>
  )
}

function columns(frame: PageFrame, query: string): readonly Column<AdminTokenView>[] {
  const t = frame.t.adminTokens
  return [
    { title: t.columns.user, heads: true, cell: (token) => <TokenUser frame={frame} token={token} /> },
    { title: t.columns.client, cell: (token) => <TokenClient frame={frame} token={token} /> },
    {
      title: t.columns.category,
      cell: ({ category, id }) => (
        <>
          <span>{t.categories[category]}</span>
          <p class="mt-0.5 font-mono text-xs whitespace-nowrap" title={id}>
            <a class="link" href={`${frame.basePath}/admin/tokens/${encodeURIComponent(id)}`}>
              <span class="sr-only">{t.details} </span>…{id.slice(-END_OF_ID)}
            </a>
          </p>
        </>
      ),
    },
    { title: t.columns.status, cell: (token) => <TokenStatus frame={frame} token={token} /> },
    {
      title: t.columns.scopes,
      cell: ({ scopes }) => (
        <span class="inline-block min-w-28 font-mono text-xs wrap-anywhere">{scopes.join(' ') || t.noScopes}</span>
      ),
    },
    { title: t.columns.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: t.columns.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      title: t.columns.actions,
      actions: true,
      cell: (token) => <TokenActions frame={frame} token={token} back={<Hidden name="list" value={query} />} />,
    },
  ]
}
