import { AdminPage } from '../components/admin-page'
import { Badge } from '../components/badge'
import { OpenButton, SubmitButton } from '../components/button'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import { Form, Hidden } from '../components/field'
import { isNarrowed, ListToolbar, type ListView, listHref } from '../components/list-toolbar'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import type { Messages } from '../messages'

export interface AdminTokenView {
  readonly id: string
  /** Undefined: the application got it for itself. */
  readonly user: { readonly id: string; readonly name: string; readonly known: boolean } | undefined
  readonly clientId: string
  readonly clientName: string
  readonly clientKnown: boolean
  readonly category: 'access' | 'refresh'
  readonly status: 'active' | 'disabled' | 'revoked'
  /** Disabled by the user, who can enable it again. */
  readonly byOwner: boolean
  readonly expired: boolean
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
}

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
}

export function adminTokensPage(frame: PageFrame, props: AdminTokensProps): JSX.Element {
  const { list, listed, query } = props
  const t = frame.t.adminTokens
  const narrowed = isNarrowed(list)
  return (
    <AdminPage frame={frame} title={t.title} text={t.text}>
      <ListToolbar frame={frame} list={list} searchLabel={t.search} />
      <Narrowing frame={frame} list={list} />
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
        <Dialogs frame={frame} token={token} query={query} />
      ))}
    </AdminPage>
  )
}

/** What a link from another page narrowed the list to, each with a way out. */
const Narrowing = ({ frame, list }: { frame: PageFrame; list: ListView }) => {
  const t = frame.t.adminTokens
  const ids = [
    { name: 'user_id', label: t.ofUser },
    { name: 'client_id', label: t.ofClient },
  ].filter(({ name }) => list.state.filters[name])
  if (ids.length === 0) return nothing
  return (
    <p class="mb-4 flex flex-wrap items-center gap-2 text-sm">
      {ids.map(({ name, label }) => (
        <span class="inline-flex flex-wrap items-center gap-2">
          <Badge tone="accent">{label}</Badge>
          <a class="link" href={listHref(frame, list, { [name]: '' })}>
            {frame.t.lists.clear}
          </a>
        </span>
      ))}
    </p>
  )
}

const userName = (t: Messages, { user }: AdminTokenView): string => user?.name ?? t.adminTokens.machine

const pathOf = (frame: PageFrame, { id }: AdminTokenView, action: string): string =>
  `${frame.basePath}/admin/tokens/${encodeURIComponent(id)}/${action}`

function columns(frame: PageFrame, query: string): readonly Column<AdminTokenView>[] {
  const t = frame.t.adminTokens
  return [
    { title: t.columns.user, heads: true, cell: (token) => <User frame={frame} token={token} /> },
    { title: t.columns.client, cell: (token) => <Client frame={frame} token={token} /> },
    {
      title: t.columns.category,
      cell: ({ category, id }) => (
        <>
          <span>{t.categories[category]}</span>
          <p class="mt-0.5 font-mono text-xs break-all text-muted" title={t.columns.id}>
            {id}
          </p>
        </>
      ),
    },
    { title: t.columns.status, cell: (token) => <Status frame={frame} token={token} /> },
    {
      title: t.columns.scopes,
      cell: ({ scopes }) => <span class="font-mono text-xs wrap-anywhere">{scopes.join(' ') || t.noScopes}</span>,
    },
    { title: t.columns.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: t.columns.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    { title: t.columns.actions, actions: true, cell: (token) => <Actions frame={frame} token={token} query={query} /> },
  ]
}

function User({ frame, token }: { frame: PageFrame; token: AdminTokenView }) {
  const { user } = token
  if (!user) return <span class="text-muted">{frame.t.adminTokens.machine}</span>
  if (!user.known)
    return (
      <>
        <span class="font-mono text-xs break-all">{user.name}</span>
        <p class="text-xs font-normal text-muted">{frame.t.adminTokens.gone}</p>
      </>
    )
  return (
    <a class="wrap-anywhere hover:underline" href={`${frame.basePath}/admin/users/${encodeURIComponent(user.id)}`}>
      {user.name}
    </a>
  )
}

const Client = ({ frame, token }: { frame: PageFrame; token: AdminTokenView }) =>
  token.clientKnown ? (
    <a
      class="wrap-anywhere hover:underline"
      href={`${frame.basePath}/admin/clients/${encodeURIComponent(token.clientId)}`}
    >
      {token.clientName}
    </a>
  ) : (
    <>
      <span class="font-mono text-xs break-all">{token.clientId}</span>
      <p class="text-xs text-muted">{frame.t.adminTokens.gone}</p>
    </>
  )

const TONES = { active: 'good', disabled: 'warning', revoked: 'bad' } as const

function Status({ frame, token }: { frame: PageFrame; token: AdminTokenView }) {
  const t = frame.t.adminTokens
  const { status, expired, byOwner } = token
  return (
    <span class="flex flex-wrap gap-1.5">
      <Badge whole tone={TONES[status]}>
        {t.statuses[status]}
      </Badge>
      {expired && <Badge whole>{t.expired}</Badge>}
      {status === 'disabled' && byOwner && <span class="text-xs text-muted">{t.byOwner}</span>}
    </span>
  )
}

interface ActionProps {
  readonly frame: PageFrame
  readonly token: AdminTokenView
  readonly query: string
}

function Actions({ frame, token, query }: ActionProps) {
  const t = frame.t.adminTokens
  const describes = (action: string) => t.describe(action, token.clientName, userName(frame.t, token))
  if (token.status === 'revoked') return nothing
  return (
    <span class="flex flex-wrap gap-2">
      {token.status === 'active' ? (
        <OpenButton look="plain" small dialog={`disable-${token.id}`} describes={describes(t.disable)}>
          {t.disable}
        </OpenButton>
      ) : (
        <Form action={pathOf(frame, token, 'enable')} token={frame.csrfToken}>
          <Hidden name="list" value={query} />
          <SubmitButton look="plain" small describes={describes(t.enable)}>
            {t.enable}
          </SubmitButton>
        </Form>
      )}
      <OpenButton look="plain" small dialog={`revoke-${token.id}`} describes={describes(t.revoke)}>
        {t.revoke}
      </OpenButton>
    </span>
  )
}

function Dialogs({ frame, token, query }: ActionProps) {
  const t = frame.t.adminTokens
  const { id, status, clientName } = token
  if (status === 'revoked') return nothing
  const common = { t: frame.t, token: frame.csrfToken, fields: <Hidden name="list" value={query} /> }
  return (
    <>
      <Confirm
        {...common}
        id={`revoke-${id}`}
        title={t.revokeQuestion}
        action={pathOf(frame, token, 'revoke')}
        confirmLabel={t.revoke}
      >
        {t.revokeText(clientName, userName(frame.t, token))}
      </Confirm>
      {status === 'active' && (
        <Confirm
          {...common}
          id={`disable-${id}`}
          title={t.disableQuestion}
          action={pathOf(frame, token, 'disable')}
          confirmLabel={t.disable}
        >
          {t.disableText(clientName, userName(frame.t, token))}
        </Confirm>
      )}
    </>
  )
}
