import { Alert } from '../components/alert'
import { OpenButton } from '../components/button'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import type { ListView } from '../components/list-toolbar'
import { AccountPage } from '../components/page'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { ScopeView } from '../describe'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface AuthorizationView {
  readonly uuid: string
  readonly clientId: string
  readonly clientName: string
  readonly scopes: readonly ScopeView[]
  readonly grantedAt: Date
}

export interface AccountAuthorizationsProps {
  readonly authorizations: readonly AuthorizationView[]
  readonly list: ListView
  readonly listed: { readonly total: number; readonly page: number; readonly pages: number; readonly cut?: boolean }
  /** What was to be revoked is not there. */
  readonly notFound?: boolean
}

export function accountAuthorizationsPage(frame: PageFrame, props: AccountAuthorizationsProps): JSX.Element {
  const { authorizations, notFound, list, listed } = props
  const t = frame.t.account.authorizations
  return (
    <AccountPage frame={frame} title={t.title} text={t.text}>
      {notFound && (
        <div class="mb-6">
          <Alert tone="error">{t.notFound}</Alert>
        </div>
      )}
      {authorizations.length === 0 ? (
        <Empty icon="app-window" title={t.emptyTitle} text={t.emptyText} />
      ) : (
        <>
          <ListNote frame={frame} list={list} listed={listed} />
          <Table caption={t.title} columns={columns(frame)} rows={authorizations} />
          <Pager frame={frame} list={list} listed={listed} things={t.things(listed.total)} />
        </>
      )}
      {authorizations.map(({ uuid, clientName }) => (
        <Confirm
          t={frame.t}
          id={`revoke-${uuid}`}
          title={t.question(clientName)}
          action={`${frame.basePath}/account/authorizations/${encodeURIComponent(uuid)}/revoke`}
          token={frame.csrfToken}
          confirmLabel={t.revoke}
        >
          {t.consequence(clientName)}
        </Confirm>
      ))}
    </AccountPage>
  )
}

function columns(frame: PageFrame): readonly Column<AuthorizationView>[] {
  const t = frame.t.account.authorizations
  return [
    {
      title: t.columns.application,
      heads: true,
      cell: ({ clientName, clientId }) => (
        <>
          <span class="wrap-anywhere">{clientName}</span>
          <p class="mt-0.5 font-mono text-xs font-normal break-all text-muted">{clientId}</p>
        </>
      ),
    },
    {
      title: t.columns.permissions,
      cell: ({ scopes }) =>
        scopes.length === 0 ? (
          frame.t.sessions.noPermissions
        ) : (
          <ul class="grid gap-0.5">
            {scopes.map(({ text }) => (
              <li class="wrap-anywhere">{text}</li>
            ))}
          </ul>
        ),
    },
    { title: t.columns.allowed, cell: ({ grantedAt }) => <Time at={grantedAt} /> },
    {
      title: t.columns.actions,
      actions: true,
      cell: ({ uuid, clientName }) => (
        <OpenButton look="plain" small dialog={`revoke-${uuid}`} describes={t.revokeOf(clientName)}>
          {t.revoke}
        </OpenButton>
      ),
    },
  ]
}
