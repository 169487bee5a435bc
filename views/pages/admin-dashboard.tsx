import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { Section } from '../components/card'
import { type ChartSeries, type ChartTone, ColumnChart, Ranking, Sparkline } from '../components/chart'
import { Facts } from '../components/facts'
import { type EventView, RecentEvents } from '../components/recent-events'
import { Stat } from '../components/stat'
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import type { Messages } from '../messages'
import { difference, figure } from '../numbers'

export type DashboardPeriod = keyof Messages['dashboard']['perPeriod']
export type DashboardSeries = keyof Messages['dashboard']['series']

export interface DashboardProps {
  readonly counters: {
    readonly users: number
    readonly admins: number
    readonly disabledUsers: number
    readonly clients: number
    readonly activeClients: number
    readonly pendingClients: number
    readonly pendingRevisions: number
    readonly accessTokens: number
    readonly refreshTokens: number
    readonly sessions: number
  }
  /** From this number on counting stopped. */
  readonly countLimit: number
  readonly period: DashboardPeriod
  readonly periods: readonly DashboardPeriod[]
  /** Absent without an audit trail. */
  readonly activity?: {
    readonly columns: readonly Date[]
    readonly columnMs: number
    readonly series: Readonly<Record<DashboardSeries, readonly number[]>>
    readonly before: Readonly<Record<DashboardSeries, number>>
    readonly clients: readonly { readonly clientId: string; readonly name: string; readonly count: number }[]
  }
  /** Sentences, the most urgent first. */
  readonly warnings: readonly string[]
  readonly events: readonly EventView[]
  readonly health: readonly { readonly name: string; readonly value: string }[]
}

const GRANTS: readonly (readonly [DashboardSeries, ChartTone])[] = [
  ['issued.device_code', '1'],
  ['issued.authorization_code', '2'],
  ['issued.client_credentials', '3'],
  ['issued.refresh_token', '4'],
  ['issued.other', '5'],
]
const LOGINS: readonly (readonly [DashboardSeries, ChartTone])[] = [
  ['login.success', 'good'],
  ['login.failure', 'bad'],
]

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

export function adminDashboardPage(frame: PageFrame, props: DashboardProps): JSX.Element {
  const t = frame.t.dashboard
  return (
    <AdminPage frame={frame} title={t.title} text={t.text} action={<Periods frame={frame} {...props} />}>
      {props.warnings.length > 0 && (
        <section aria-label={t.warnings} class="mb-6 grid gap-2">
          {props.warnings.map((text) => (
            <Alert tone="warning">{text}</Alert>
          ))}
        </section>
      )}
      <Cards frame={frame} {...props} />
      <Charts frame={frame} {...props} />
      <Section
        id="recent-activity"
        title={t.recent}
        action={
          <a class="link text-sm" href={`${frame.basePath}/admin/audit`}>
            {t.viewAll}
          </a>
        }
      >
        {props.events.length === 0 ? (
          <p class="panel px-5 py-8 text-center text-sm text-muted">{t.noRecent}</p>
        ) : (
          <RecentEvents frame={frame} events={props.events} />
        )}
      </Section>
      <Section id="server-health" title={t.health}>
        <div class="panel panel-padded">
          <Facts rows={props.health} />
        </div>
      </Section>
    </AdminPage>
  )
}

const Periods = ({ frame, period, periods }: DashboardProps & { frame: PageFrame }) => (
  <nav aria-label={frame.t.dashboard.periods.label} class="segments">
    {periods.map((each) => (
      <a
        href={`${frame.basePath}/admin?period=${each}`}
        class="segment"
        aria-current={each === period ? 'true' : undefined}
      >
        {frame.t.dashboard.periods[each]}
      </a>
    ))}
  </nav>
)

function Cards({ frame, counters, countLimit, activity }: DashboardProps & { frame: PageFrame }) {
  const t = frame.t.dashboard
  const bounded = (count: number) => (count >= countLimit ? t.more(figure(frame, countLimit)) : figure(frame, count))
  const waiting = counters.pendingClients + counters.pendingRevisions
  const admin = `${frame.basePath}/admin`
  return (
    <div class="stat-grid">
      <Stat
        label={t.cards.users}
        value={bounded(counters.users)}
        href={`${admin}/users`}
        curve={activity && <Sparkline values={activity.series['login.success']} />}
        detail={
          <>
            {counters.users < countLimit && t.cards.usersDetail(counters.admins, counters.users - counters.admins)}
            {counters.disabledUsers > 0 && (
              <span class="text-(--color-error)"> ({t.cards.disabled(counters.disabledUsers)})</span>
            )}
          </>
        }
      />
      <Stat
        label={t.cards.clients}
        value={figure(frame, counters.clients)}
        href={`${admin}/clients`}
        detail={t.cards.clientsDetail(counters.activeClients, counters.pendingClients)}
      />
      <Stat
        label={t.cards.tokens}
        value={bounded(counters.accessTokens)}
        href={`${admin}/tokens`}
        curve={activity && <Sparkline values={totalOf(activity.series, GRANTS)} />}
        detail={t.cards.tokensDetail(bounded(counters.refreshTokens), bounded(counters.sessions))}
      />
      <Stat
        label={t.cards.pending}
        value={figure(frame, waiting)}
        {...(waiting > 0 && { href: `${admin}/clients?status=pending`, waits: true })}
        detail={
          waiting > 0 ? (
            <>
              <span class="strong">{t.cards.needsReview}</span>{' '}
              {t.cards.pendingDetail(counters.pendingClients, counters.pendingRevisions)}
            </>
          ) : (
            t.cards.allClear
          )
        }
      />
    </div>
  )
}

const totalOf = (
  series: Readonly<Record<DashboardSeries, readonly number[]>>,
  names: readonly (readonly [DashboardSeries, ChartTone])[],
): number[] =>
  names
    .map(([name]) => series[name])
    .reduce<number[]>((totals, values) => values.map((value, index) => value + (totals[index] ?? 0)), [])

function Charts({ frame, activity, period }: DashboardProps & { frame: PageFrame }) {
  const t = frame.t.dashboard
  if (!activity) return <p class="panel mt-6 px-5 py-8 text-center text-sm text-muted">{t.chartsNeedAudit}</p>
  const { columns, columnMs, series } = activity
  const chartSeries = (names: typeof GRANTS): ChartSeries[] =>
    names.map(([name, tone]) => ({ label: t.series[name], tone, values: series[name] }))
  const chart = (id: string, title: string, names: typeof GRANTS) => (
    <ChartPanel frame={frame} id={id} title={title} note={t.perPeriod[period]} names={names} activity={activity}>
      <ColumnChart frame={frame} title={title} columns={columns} columnMs={columnMs} series={chartSeries(names)} />
    </ChartPanel>
  )
  const grants = GRANTS.filter(([name]) => sum(series[name]) > 0)
  return (
    <div class="mt-6 grid gap-4 xl:grid-cols-2">
      {chart('chart-issued', t.issued, GRANTS)}
      {chart('chart-logins', t.logins, LOGINS)}
      <ChartPanel frame={frame} id="chart-clients" title={t.topClients}>
        <Ranking
          frame={frame}
          caption={t.topClients}
          nameColumn={t.application}
          valueColumn={t.tokensColumn}
          rows={activity.clients.map(({ clientId, name, count }) => ({
            label: name,
            value: count,
            href: `${frame.basePath}/admin/clients/${encodeURIComponent(clientId)}`,
          }))}
        />
      </ChartPanel>
      <ChartPanel frame={frame} id="chart-grants" title={t.grants}>
        <Ranking
          frame={frame}
          caption={t.grants}
          nameColumn={t.grants}
          valueColumn={t.tokensColumn}
          rows={grants.map(([name, tone]) => ({ label: t.series[name], tone, value: sum(series[name]) }))}
        />
      </ChartPanel>
    </div>
  )
}

function ChartPanel(props: {
  frame: PageFrame
  id: string
  title: string
  note?: string
  names?: typeof GRANTS
  activity?: NonNullable<DashboardProps['activity']>
  children?: JSX.Element
}) {
  const { frame, id, title, note, names, activity } = props
  return (
    <section class="panel min-w-0 p-5" aria-labelledby={id}>
      <div class="mb-5 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id={id} class="text-base font-semibold">
          {title} {note && <span class="text-sm font-normal text-muted">{note}</span>}
        </h2>
        {names && activity ? (
          <p class="text-sm text-muted">
            <Change frame={frame} names={names} activity={activity} />
          </p>
        ) : (
          nothing
        )}
      </div>
      {props.children}
    </section>
  )
}

/** Against the period of equal length before. */
function Change(props: { frame: PageFrame; names: typeof GRANTS; activity: NonNullable<DashboardProps['activity']> }) {
  const { frame, names, activity } = props
  const t = frame.t.dashboard.change
  const now = sum(totalOf(activity.series, names))
  const before = sum(names.map(([name]) => activity.before[name]))
  if (before === 0) return <span>{t.none}</span>
  if (now === before) return <span>{t.same}</span>
  const percent = difference(frame, now, before)
  return <span>{now > before ? t.up(percent) : t.down(percent)}</span>
}
