import type { PageFrame } from '../frame'
import { Html } from '../html'
import { Badge } from './badge'
import { resourceLabel } from './event-resource'
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
  readonly actorId: string
  readonly resourceType: string
  readonly resourceId: string
  readonly resourceName: string
  readonly clientName: string
  readonly success: boolean
}

/** The newest events; a row tells what happened, the name of the event is below it. */
export function RecentEvents(props: {
  frame: PageFrame
  events: readonly EventView[]
  /** Without what was acted on, where there is less room. */
  short?: boolean
}) {
  const { frame, events, short } = props
  const t = frame.t.dashboard
  const resourceColumn: Column<EventView> = {
    title: t.recentColumns.resource,
    cell: (event) => <div class="min-w-20 wrap-anywhere">{resourceLabel(frame.t, event) || '-'}</div>,
  }
  const columns: readonly Column<EventView>[] = [
    {
      title: t.recentColumns.event,
      heads: true,
      cell: ({ action, eventType }) => (
        <div class="min-w-48 wrap-anywhere">
          {action}
          <p class="mt-0.5 font-mono text-xs font-normal text-muted">{eventType}</p>
        </div>
      ),
    },
    {
      title: t.recentColumns.actor,
      cell: ({ actor }) => <div class="event-actor">{actor || t.system}</div>,
    },
    ...(short ? [] : [resourceColumn]),
    {
      title: t.recentColumns.status,
      cell: ({ success }) => (
        <Badge whole tone={success ? 'good' : 'bad'}>
          {success ? t.ok : t.fail}
        </Badge>
      ),
    },
    { title: t.recentColumns.time, cell: ({ at }) => <Time at={at} /> },
  ]
  return <Table caption={t.recent} columns={columns} rows={events} />
}
