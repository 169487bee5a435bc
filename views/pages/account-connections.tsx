import { Badge } from '../components/badge'
import { OpenButton, SubmitButton } from '../components/button'
import { Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import { Form } from '../components/field'
import { AccountPage } from '../components/page'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'

export interface ConnectionView {
  readonly id: string
  /** Name of the provider. */
  readonly label: string
  readonly username: string
  readonly email: string
  readonly lastUsedAt: Date | undefined
  readonly connectedAt: Date
  /** One can still sign in with it. */
  readonly usable: boolean
  /** Nothing else lets its user in. */
  readonly onlyWay: boolean
}

export interface OfferView {
  /** As it stands in URLs. */
  readonly name: string
  readonly label: string
}

export interface AccountConnectionsProps {
  readonly connections: readonly ConnectionView[]
  /** Providers without a connection. */
  readonly available: readonly OfferView[]
  /** A directory decides about this account. */
  readonly managedElsewhere: boolean
}

export function accountConnectionsPage(frame: PageFrame, props: AccountConnectionsProps): JSX.Element {
  const { connections, available, managedElsewhere } = props
  const t = frame.t.providers.account
  return (
    <AccountPage frame={frame} title={t.title} text={t.text}>
      <Section id="connected" title={t.connected}>
        {connections.length === 0 ? (
          <Empty
            icon="link"
            title={t.none}
            text={managedElsewhere ? t.managedElsewhere : available.length === 0 ? t.nothingOffered : t.noneText}
          />
        ) : (
          <Table
            caption={frame.t.providers.columns.caption}
            columns={[...connectionColumns(frame.t), actions(frame.t)]}
            rows={connections}
          />
        )}
      </Section>
      {available.length > 0 && !managedElsewhere && (
        <Section id="available" title={t.available} text={t.availableText}>
          <Table caption={t.available} columns={offers(frame)} rows={available} />
        </Section>
      )}
      {connections
        .filter(({ onlyWay }) => !onlyWay)
        .map(({ id, label }) => (
          <Confirm
            t={frame.t}
            id={`disconnect-${id}`}
            title={t.confirmTitle(label)}
            action={`${frame.basePath}/account/connections/${encodeURIComponent(id)}/disconnect`}
            token={frame.csrfToken}
            confirmLabel={t.disconnect}
          >
            {t.confirmText(label)}
          </Confirm>
        ))}
    </AccountPage>
  )
}

/** Of a user's connections, for themselves and for administrators. */
export function connectionColumns(t: Messages): readonly Column<ConnectionView>[] {
  const { columns, account } = t.providers
  return [
    {
      title: columns.provider,
      heads: true,
      cell: ({ label, usable, onlyWay }) => (
        <div class="flex flex-wrap items-center gap-2">
          <span class="wrap-anywhere">{label}</span>
          {!usable && <Badge tone="warning">{account.unavailable}</Badge>}
          {onlyWay && <Badge>{account.onlyWay}</Badge>}
        </div>
      ),
    },
    { title: columns.username, cell: ({ username }) => <span class="wrap-anywhere">{username || '—'}</span> },
    { title: columns.email, cell: ({ email }) => <span class="wrap-anywhere">{email || '—'}</span> },
    {
      title: columns.lastUsed,
      cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} /> : columns.never),
    },
    { title: columns.connectedAt, cell: ({ connectedAt }) => <Time at={connectedAt} /> },
  ]
}

const actions = (t: Messages): Column<ConnectionView> => ({
  title: t.providers.columns.actions,
  actions: true,
  cell: ({ id, label, onlyWay }) =>
    !onlyWay && (
      <OpenButton look="plain" small dialog={`disconnect-${id}`} describes={t.providers.account.disconnectFrom(label)}>
        {t.providers.account.disconnect}
      </OpenButton>
    ),
})

const offers = (frame: PageFrame): readonly Column<OfferView>[] => [
  {
    title: frame.t.providers.columns.provider,
    heads: true,
    cell: ({ label }) => <span class="wrap-anywhere">{label}</span>,
  },
  {
    title: frame.t.providers.columns.actions,
    actions: true,
    cell: ({ name, label }) => (
      <Form action={`${frame.basePath}/account/connections/${name}/connect`} token={frame.csrfToken}>
        <SubmitButton look="plain" small describes={frame.t.providers.account.connectTo(label)}>
          {frame.t.providers.account.connect}
        </SubmitButton>
      </Form>
    ),
  },
]
