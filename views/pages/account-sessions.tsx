import { Address } from '../components/address'
import { Badge } from '../components/badge'
import { OpenButton } from '../components/button'
import { Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { OwnGrantDialogs, OwnGrants, type OwnGrantsProps } from '../components/own-grants'
import { AccountPage } from '../components/page'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'

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

export interface AccountSessionsProps extends OwnGrantsProps {
  readonly sessions: readonly SessionView[]
  readonly notice?: string
}

export function accountSessionsPage(
  frame: PageFrame,
  { sessions, grants, list, notice }: AccountSessionsProps,
): JSX.Element {
  const t = frame.t.sessions
  const others = sessions.filter((session) => !session.current)
  return (
    <AccountPage frame={notice ? { ...frame, flash: [...frame.flash, notice] } : frame} title={t.title} text={t.text}>
      <Section
        id="browser-sessions"
        title={t.browserSessions}
        text={t.browserSessionsText}
        action={
          others.length > 0 && (
            <OpenButton look="plain" small dialog="end-others">
              {t.endOthers}
            </OpenButton>
          )
        }
      >
        <Table caption={t.browserSessions} columns={sessionColumns(frame.t)} rows={sessions} />
      </Section>
      <OwnGrants frame={frame} grants={grants} list={list} />
      <SessionDialogs frame={frame} others={others} />
      <OwnGrantDialogs frame={frame} grants={grants} />
    </AccountPage>
  )
}

const sessionColumns = ({ sessions: t }: Messages): readonly Column<SessionView>[] => [
  {
    title: t.columns.device,
    heads: true,
    cell: ({ device, current, remembered }) => (
      <div class="flex flex-wrap items-center gap-2">
        <span class="wrap-anywhere">{device}</span>
        {current && <Badge tone="good">{t.thisBrowser}</Badge>}
        {remembered && <Badge>{t.remembered}</Badge>}
      </div>
    ),
  },
  { title: t.columns.address, cell: ({ ip }) => <Address ip={ip} /> },
  { title: t.columns.signedIn, cell: ({ signedInAt }) => <Time at={signedInAt} /> },
  { title: t.columns.lastSeen, cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
  { title: t.columns.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  {
    title: t.columns.actions,
    actions: true,
    cell: ({ sid, current, device }) =>
      !current && (
        <OpenButton look="plain" small dialog={`end-${sid}`} describes={t.signOutDevice(device)}>
          {t.signOut}
        </OpenButton>
      ),
  },
]

function SessionDialogs({ frame, others }: { frame: PageFrame; others: readonly SessionView[] }) {
  const t = frame.t.sessions
  const account = `${frame.basePath}/account`
  const token = frame.csrfToken
  return (
    <>
      {others.length > 0 && (
        <Confirm
          t={frame.t}
          id="end-others"
          title={t.endOthersQuestion}
          action={`${account}/sessions/end-others`}
          token={token}
          confirmLabel={t.endOthers}
        >
          {t.endOthersText(others.length)}
        </Confirm>
      )}
      {others.map(({ sid, device, ip }) => (
        <Confirm
          t={frame.t}
          id={`end-${sid}`}
          title={t.signOutDeviceQuestion(device)}
          action={`${account}/sessions/${encodeURIComponent(sid)}/end`}
          token={token}
          confirmLabel={t.signOut}
        >
          {t.signOutDeviceText(ip)}
        </Confirm>
      ))}
    </>
  )
}
