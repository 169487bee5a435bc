import { Badge } from '../components/badge'
import { LinkButton, OpenButton } from '../components/button'
import { Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import { AccountPage } from '../components/page'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface SessionView {
  readonly sid: string
  /** The session of this very browser. */
  readonly current: boolean
  readonly device: string
  readonly ip: string
  readonly signedInAt: Date
  readonly lastSeenAt: Date
  readonly expiresAt: Date
  readonly remembered: boolean
}

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
  readonly state: 'active' | 'expired' | 'revoked'
}

export interface AccountSessionsProps {
  readonly sessions: readonly SessionView[]
  readonly grants: readonly GrantView[]
  readonly notice?: string
}

export function accountSessionsPage(frame: PageFrame, { sessions, grants, notice }: AccountSessionsProps): JSX.Element {
  const others = sessions.filter((session) => !session.current)
  return (
    <AccountPage
      frame={notice ? { ...frame, flash: [...frame.flash, notice] } : frame}
      title="Active sessions"
      text="Where you are signed in, and what may act for you."
    >
      <Section
        id="browser-sessions"
        title="Browser sessions"
        text="Browsers in which you are signed in to this server."
        action={
          others.length > 0 && (
            <OpenButton look="plain" small dialog="end-others">
              Sign out everywhere else
            </OpenButton>
          )
        }
      >
        <Table caption="Browser sessions" columns={sessionColumns} rows={sessions} />
      </Section>
      <Section
        id="application-access"
        title="Applications with access"
        text="Applications and devices that you allowed to act for you."
      >
        {grants.length === 0 ? (
          <Empty
            icon="app-window"
            title="No application has access"
            text="When you allow a device or an application, it is listed here and you can take the access back."
            action={
              <LinkButton look="plain" small href={`${frame.basePath}/device`}>
                Connect a device
              </LinkButton>
            }
          />
        ) : (
          <Table caption="Applications with access" columns={grantColumns} rows={grants} />
        )}
      </Section>
      <Dialogs frame={frame} others={others} grants={grants.filter((grant) => grant.state === 'active')} />
    </AccountPage>
  )
}

const LONGEST_IPV4 = 15

/** An IPv6 address may be broken anywhere, an IPv4 address stays in one piece. */
const Address = ({ ip }: { ip: string }) => (
  <span class={ip.length > LONGEST_IPV4 ? 'break-all' : 'whitespace-nowrap'}>{ip}</span>
)

const sessionColumns: readonly Column<SessionView>[] = [
  {
    title: 'Device',
    heads: true,
    cell: ({ device, current, remembered }) => (
      <div class="flex flex-wrap items-center gap-2">
        <span class="wrap-anywhere">{device}</span>
        {current && <Badge tone="good">This browser</Badge>}
        {remembered && <Badge>Remembered</Badge>}
      </div>
    ),
  },
  { title: 'Address', cell: ({ ip }) => <Address ip={ip} /> },
  { title: 'Signed in', cell: ({ signedInAt }) => <Time at={signedInAt} /> },
  { title: 'Last seen', cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
  { title: 'Expires', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  {
    title: 'Actions',
    actions: true,
    cell: ({ sid, current, device }) =>
      !current && (
        <OpenButton look="plain" small dialog={`end-${sid}`} describes={`Sign out ${device}`}>
          Sign out
        </OpenButton>
      ),
  },
]

const grantColumns: readonly Column<GrantView>[] = [
  {
    title: 'Application',
    heads: true,
    cell: ({ clientName, scopes, state }) => (
      <>
        <div class="flex flex-wrap items-center gap-2">
          <span class="wrap-anywhere">{clientName}</span>
          {state === 'active' && <Badge tone="good">Active</Badge>}
          {state === 'expired' && <Badge>Expired</Badge>}
          {state === 'revoked' && <Badge tone="bad">Revoked</Badge>}
        </div>
        <p class="mt-0.5 text-xs font-normal wrap-anywhere text-muted">{scopes.join(', ') || 'No permissions'}</p>
      </>
    ),
  },
  {
    title: 'Device',
    cell: ({ device, ip }) => (
      <>
        <span class="wrap-anywhere">{device}</span>
        <p class="text-xs text-muted">
          <Address ip={ip} />
        </p>
      </>
    ),
  },
  { title: 'Allowed', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'Last used', cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} /> : 'Not yet') },
  { title: 'Expires', cell: ({ expiresAt, state }) => (state === 'revoked' ? '—' : <Time at={expiresAt} />) },
  {
    title: 'Actions',
    actions: true,
    cell: ({ id, state, clientName }) =>
      state === 'active' && (
        <OpenButton look="plain" small dialog={`revoke-${id}`} describes={`Revoke access of ${clientName}`}>
          Revoke
        </OpenButton>
      ),
  },
]

const Dialogs = (props: { frame: PageFrame; others: readonly SessionView[]; grants: readonly GrantView[] }) => {
  const { frame, others, grants } = props
  const account = `${frame.basePath}/account`
  const token = frame.csrfToken
  return (
    <>
      {others.length > 0 && (
        <Confirm
          id="end-others"
          title="Sign out everywhere else?"
          action={`${account}/sessions/end-others`}
          token={token}
          confirmLabel="Sign out everywhere else"
        >
          {others.length === 1 ? '1 other browser is' : `${others.length} other browsers are`} signed out at once. This
          browser stays signed in.
        </Confirm>
      )}
      {others.map(({ sid, device, ip }) => (
        <Confirm
          id={`end-${sid}`}
          title={`Sign out ${device}?`}
          action={`${account}/sessions/${encodeURIComponent(sid)}/end`}
          token={token}
          confirmLabel="Sign out"
        >
          The browser at {ip} is signed out at once.
        </Confirm>
      ))}
      {grants.map(({ id, clientName, device, ip }) => (
        <Confirm
          id={`revoke-${id}`}
          title={`Revoke access of ${clientName}?`}
          action={`${account}/grants/${encodeURIComponent(id)}/revoke`}
          token={token}
          confirmLabel="Revoke access"
        >
          {device} at {ip} is signed out: its tokens stop working at once. To use it again you have to allow it again.
        </Confirm>
      ))}
    </>
  )
}
