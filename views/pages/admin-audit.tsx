import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { AuditEntry, type AuditEventView, eventLabel } from '../components/audit-entry'
import { AuditFilters, type AuditListView, auditHref } from '../components/audit-filters'
import { LinkButton } from '../components/button'
import { Empty } from '../components/empty'
import { Pager } from '../components/pager'
import { Stat } from '../components/stat'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import { figure } from '../numbers'

export interface AuditStatisticsView {
  readonly from?: Date
  readonly until: Date
  readonly total: number
  readonly failures: number
  readonly warnings: number
  readonly critical: number
  /** Largest first. */
  readonly byType: readonly (readonly [type: string, count: number])[]
}

export interface AdminAuditProps {
  readonly list: AuditListView
  readonly events: readonly AuditEventView[]
  readonly listed: { readonly total: number; readonly more: boolean; readonly page: number; readonly pages: number }
  /** What a search has not looked at yet. */
  readonly further?: { readonly from: Date | undefined; readonly until: Date }
  /** Only with the first page. */
  readonly statistics?: AuditStatisticsView
  readonly exportHref: string
  readonly enabled: boolean
  readonly sealed?: { readonly until: Date; readonly batch: number }
  readonly problem?: 'badTime' | 'backwards'
}

export function adminAuditPage(frame: PageFrame, props: AdminAuditProps): JSX.Element {
  const { list, events, listed, statistics } = props
  const t = frame.t.audit
  return (
    <AdminPage
      frame={frame}
      title={t.title}
      text={[
        t.text,
        ' ',
        props.sealed ? t.sealedUntil(<Time at={props.sealed.until} />, String(props.sealed.batch)) : t.notSealed,
      ]}
      action={
        <LinkButton look="plain" href={props.exportHref}>
          {t.exportCsv}
        </LinkButton>
      }
    >
      {!props.enabled && (
        <div class="mb-4">
          <Alert tone="warning">{t.off}</Alert>
        </div>
      )}
      {props.problem && (
        <div class="mb-4">
          <Alert tone="warning">{t[props.problem]}</Alert>
        </div>
      )}
      <AuditFilters frame={frame} list={list} />
      {statistics && <Statistics frame={frame} list={list} statistics={statistics} />}
      <section aria-labelledby="events" class="mt-8">
        <div class="mb-3 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
          <h2 id="events" class="text-base font-semibold">
            {t.events}
          </h2>
          <p class="text-sm text-muted">
            {listed.more
              ? `${t.foundMore(figure(frame, listed.total))} ${t.foundMoreHint}`
              : t.found(figure(frame, listed.total))}
          </p>
        </div>
        {props.further && <Further frame={frame} list={list} further={props.further} />}
        {events.length === 0 ? (
          <Nothing frame={frame} list={list} />
        ) : (
          <>
            <TimeLine frame={frame} events={events} />
            <Pager frame={frame} list={list} listed={listed} things={t.things} />
          </>
        )}
      </section>
    </AdminPage>
  )
}

/** A search looks at the newest first, a stretch at a time. */
const Further = (props: {
  frame: PageFrame
  list: AuditListView
  further: NonNullable<AdminAuditProps['further']>
}) => {
  const { frame, list, further } = props
  const t = frame.t.audit
  const href = auditHref(frame, list, {
    ...{ page: '', period: '' },
    ...(further.from && { start_time: further.from.toISOString() }),
    end_time: further.until.toISOString(),
  })
  return (
    <p class="mb-3 text-sm text-muted">
      {t.searchedTo(<Time at={further.until} />)}{' '}
      <a class="link" href={href}>
        {t.searchFurther}
      </a>
    </p>
  )
}

const Nothing = ({ frame, list }: { frame: PageFrame; list: AuditListView }) => {
  const t = frame.t.audit
  return list.chips.length === 0 ? (
    <Empty icon="layout-list" title={t.emptyTitle} text={t.emptyText} />
  ) : (
    <Empty
      icon="search"
      title={t.noMatchTitle}
      text={t.noMatchText}
      action={
        <LinkButton look="plain" small href={frame.basePath + list.path}>
          {t.showAll}
        </LinkButton>
      }
    />
  )
}

/** One list for each day, in the order in which the events came. */
function TimeLine({ frame, events }: { frame: PageFrame; events: readonly AuditEventView[] }) {
  const days = Map.groupBy(events, ({ at }) => at.toISOString().slice(0, 10))
  const format = new Intl.DateTimeFormat(frame.language, { dateStyle: 'full', timeZone: 'UTC' })
  return (
    <div class="grid gap-6">
      {[...days].map(([day, ofDay]) => (
        <section aria-labelledby={`day-${day}`}>
          <h3 id={`day-${day}`} class="mb-2 text-sm font-medium text-muted">
            <time datetime={day}>{format.format(new Date(day))}</time> UTC
          </h3>
          <ol class="panel audit-day">
            {ofDay.map((event) => (
              <li>
                <AuditEntry frame={frame} event={event} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  )
}

function Statistics(props: { frame: PageFrame; list: AuditListView; statistics: AuditStatisticsView }) {
  const { frame, list, statistics } = props
  const t = frame.t.audit
  const { from, until, total, byType } = statistics
  const href = (changes: Record<string, string>) => auditHref(frame, list, changes)
  return (
    <section aria-labelledby="statistics" class="mt-6">
      <h2 id="statistics" class="sr-only">
        {t.statistics.label}
      </h2>
      {from && <p class="mb-3 text-sm text-muted">{t.statistics.period(<Time at={from} />, <Time at={until} />)}</p>}
      <div class="stat-grid">
        <Stat label={t.statistics.total} value={figure(frame, total)} />
        <Stat
          label={t.statistics.failures}
          value={figure(frame, statistics.failures)}
          href={href({ success: 'false' })}
        />
        <Stat
          label={t.statistics.warnings}
          value={figure(frame, statistics.warnings)}
          href={href({ severity: 'WARNING' })}
        />
        <Stat
          label={t.statistics.critical}
          value={figure(frame, statistics.critical)}
          href={href({ severity: 'CRITICAL' })}
          waits={statistics.critical > 0}
        />
      </div>
      {byType.length === 0 ? (
        nothing
      ) : (
        <details class="mt-3 text-sm">
          <summary class="cursor-pointer font-medium">{t.statistics.byType}</summary>
          <ul class="panel mt-2 grid gap-x-8 px-4 py-3 sm:grid-cols-2 xl:grid-cols-3">
            {byType.map(([type, count]) => (
              <li class="flex justify-between gap-4 py-0.5">
                <a class="link min-w-0 wrap-anywhere" href={href({ event_type: type })}>
                  {eventLabel(frame, type)}
                </a>
                <span class="tabular-nums">{figure(frame, count)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
