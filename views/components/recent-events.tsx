import type { PageFrame } from '../frame'
import { Html } from '../html'
import { Badge } from './badge'
import { type Column, Table } from './table'
import { Time } from './time'

export interface EventView {
  readonly id: string
  readonly at: Date
  /** What happened, in words. */
  readonly action: string
  readonly eventType: string
  /** Empty: the server itself. */
  readonly actor: string
  readonly address: string
  /** Empty where the event has none. */
  readonly resource: string
  readonly success: boolean
}

/** The newest events; a row tells what happened, the name of the event is below it. */
export function RecentEvents({ frame, events }: { frame: PageFrame; events: readonly EventView[] }) {
  const t = frame.t.dashboard
  const columns: readonly Column<EventView>[] = [
    {
      title: t.recentColumns.event,
      heads: true,
      cell: ({ action, eventType }) => (
        <>
          <span class="wrap-anywhere">{action}</span>
          <p class="mt-0.5 font-mono text-xs font-normal wrap-anywhere text-muted">{eventType}</p>
        </>
      ),
    },
    { title: t.recentColumns.actor, cell: ({ actor }) => <span class="wrap-anywhere">{actor || t.system}</span> },
    { title: t.recentColumns.resource, cell: ({ resource }) => <span class="wrap-anywhere">{resource || '-'}</span> },
    {
      title: t.recentColumns.status,
      cell: ({ success }) => <Badge tone={success ? 'good' : 'bad'}>{success ? t.ok : t.fail}</Badge>,
    },
    { title: t.recentColumns.time, cell: ({ at }) => <Time at={at} /> },
  ]
  return <Table caption={t.recent} columns={columns} rows={events} />
}
