/** What applications may do in the name of the signed-in person, grant by grant, with the ways to take it away. */

import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'
import { Address } from './address'
import { Badge } from './badge'
import { LinkButton, OpenButton } from './button'
import { Section } from './card'
import { Confirm } from './confirm'
import { Empty } from './empty'
import { isNarrowed, type ListState, ListToolbar } from './list-toolbar'
import { Pager } from './pager'
import { type Column, Table } from './table'
import { Time } from './time'

export interface GrantView {
  readonly id: string
  readonly clientName: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly device: string
  readonly ip: string
  readonly createdAt: Date
  readonly lastUsedAt?: Date
  readonly expiresAt: Date
  readonly state: 'active' | 'disabled' | 'disabled_by_admin' | 'expired' | 'revoked'
}

export interface OwnGrantsProps {
  readonly grants: readonly GrantView[]
  /** What the list of grants was asked for; it is shown whole without. */
  readonly list?: {
    readonly state: ListState
    readonly listed: {
      readonly total: number
      readonly page: number
      readonly pages: number
      /** Older grants were not looked at. */
      readonly cut?: boolean
    }
  }
}

const STATUSES = ['active', 'disabled', 'revoked'] as const

export function OwnGrants({ frame, grants, list }: OwnGrantsProps & { frame: PageFrame }) {
  const t = frame.t.sessions
  const view = list && {
    path: '/account/sessions',
    state: list.state,
    filters: [
      { name: 'status', label: t.status, options: STATUSES.map((value) => ({ value, label: t.statuses[value] })) },
    ],
  }
  const narrowed = view !== undefined && isNarrowed(view)
  return (
    <Section
      id="application-access"
      title={t.applications}
      text={t.applicationsText}
      action={
        grants.some(isStoppable) && (
          <OpenButton look="plain" small dialog="revoke-all">
            {t.revokeAll}
          </OpenButton>
        )
      }
    >
      {view && (narrowed || grants.length > 0) && <ListToolbar frame={frame} list={view} searchLabel={t.search} />}
      {list?.listed.cut && <p class="mb-3 text-sm text-muted">{t.cut}</p>}
      {grants.length > 0 ? (
        <Table caption={t.applications} columns={grantColumns(frame.t)} rows={grants} />
      ) : narrowed ? (
        <Empty icon="search" title={t.noMatchTitle} text={t.noMatchText} />
      ) : (
        <Empty
          icon="app-window"
          title={t.emptyTitle}
          text={t.emptyText}
          action={
            <LinkButton look="plain" small href={`${frame.basePath}/device`}>
              {t.connectDevice}
            </LinkButton>
          }
        />
      )}
      {view && list && grants.length > 0 && (
        <Pager frame={frame} list={view} listed={list.listed} things={t.things(list.listed.total)} />
      )}
    </Section>
  )
}

/** There is something left to take away. */
const isStoppable = ({ state }: GrantView): boolean => state !== 'revoked' && state !== 'expired'

const grantColumns = ({ sessions: t }: Messages): readonly Column<GrantView>[] => [
  {
    title: t.columns.application,
    heads: true,
    cell: ({ clientName, scopes, state }) => (
      <>
        <div class="flex flex-wrap items-center gap-2">
          <span class="wrap-anywhere">{clientName}</span>
          {state === 'active' && <Badge tone="good">{t.active}</Badge>}
          {state === 'disabled' && <Badge tone="warning">{t.disabled}</Badge>}
          {state === 'disabled_by_admin' && <Badge tone="warning">{t.disabledByAdmin}</Badge>}
          {state === 'expired' && <Badge>{t.expired}</Badge>}
          {state === 'revoked' && <Badge tone="bad">{t.revoked}</Badge>}
        </div>
        <p class="mt-0.5 text-xs font-normal wrap-anywhere text-muted">{scopes.join(', ') || t.noPermissions}</p>
      </>
    ),
  },
  {
    title: t.columns.device,
    cell: ({ device, ip }) => (
      <>
        <span class="wrap-anywhere">{device}</span>
        <p class="text-xs text-muted">
          <Address ip={ip} />
        </p>
      </>
    ),
  },
  { title: t.columns.allowed, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: t.columns.lastUsed, cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} /> : t.notYet) },
  { title: t.columns.expires, cell: ({ expiresAt, state }) => (state === 'revoked' ? '—' : <Time at={expiresAt} />) },
  {
    title: t.columns.actions,
    actions: true,
    cell: (grant) =>
      isStoppable(grant) && (
        <div class="flex flex-wrap gap-2 @min-[56rem]:flex-nowrap @min-[56rem]:justify-end">
          {grant.state === 'active' && (
            <OpenButton
              look="plain"
              small
              dialog={`disable-${grant.id}`}
              describes={t.disableAccessOf(grant.clientName)}
            >
              {t.disable}
            </OpenButton>
          )}
          {grant.state === 'disabled' && (
            <OpenButton look="plain" small dialog={`enable-${grant.id}`} describes={t.enableAccessOf(grant.clientName)}>
              {t.enable}
            </OpenButton>
          )}
          <OpenButton look="plain" small dialog={`revoke-${grant.id}`} describes={t.revokeAccessOf(grant.clientName)}>
            {t.revoke}
          </OpenButton>
        </div>
      ),
  },
]

export function OwnGrantDialogs({ frame, grants }: Pick<OwnGrantsProps, 'grants'> & { frame: PageFrame }) {
  const t = frame.t.sessions
  const account = `${frame.basePath}/account`
  const token = frame.csrfToken
  return (
    <>
      {grants.some(isStoppable) && (
        <Confirm
          t={frame.t}
          id="revoke-all"
          title={t.revokeAllQuestion}
          action={`${account}/sessions/revoke-all`}
          token={token}
          confirmLabel={t.revokeAll}
        >
          {t.revokeAllText}
        </Confirm>
      )}
      {grants.filter(isStoppable).map(({ id, clientName, device, ip, state }) => {
        const grant = `${account}/sessions/${encodeURIComponent(id)}`
        return (
          <>
            <Confirm
              t={frame.t}
              id={`revoke-${id}`}
              title={t.revokeAccessQuestion(clientName)}
              action={`${grant}/revoke`}
              token={token}
              confirmLabel={t.revokeAccess}
            >
              {t.revokeAccessText(device, ip)}
            </Confirm>
            {state === 'active' && (
              <Confirm
                t={frame.t}
                id={`disable-${id}`}
                title={t.disableAccessQuestion(clientName)}
                action={`${grant}/disable`}
                token={token}
                confirmLabel={t.disableAccess}
              >
                {t.disableAccessText(device, ip)}
              </Confirm>
            )}
            {state === 'disabled' && (
              <Confirm
                t={frame.t}
                id={`enable-${id}`}
                title={t.enableAccessQuestion(clientName)}
                action={`${grant}/enable`}
                token={token}
                confirmLabel={t.enableAccess}
              >
                {t.enableAccessText(device, ip)}
              </Confirm>
            )}
          </>
        )
      })}
    </>
  )
}
