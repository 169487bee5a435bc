import type { PageFrame } from '../frame'
import { type Child, Html, nothing } from '../html'
import { Badge } from './badge'
import { resourceLabel } from './event-resource'
import { type Fact, Facts } from './facts'
import { Icon } from './icon'
import { Time } from './time'

export interface AuditEventView {
  readonly id: string
  readonly at: Date
  readonly eventType: string
  readonly severity: string
  readonly action: string
  readonly success: boolean
  readonly problem: string
  /** Empty: the server itself. */
  readonly actor: string
  readonly actorId: string
  /** The page of the actor, below BASE_URL, where there is one. */
  readonly actorPath?: string
  readonly address: string
  readonly resourceType: string
  readonly resourceId: string
  readonly resourceName: string
  readonly resourcePath?: string
  readonly clientId: string
  /** Empty where the application is gone. */
  readonly clientName: string
  readonly clientPath?: string
  readonly method: string
  readonly requestPath: string
  readonly requestId: string
  readonly userAgent: string
  /** Pretty JSON; empty when the event has none. */
  readonly details: string
}

type Types = Readonly<Record<string, { readonly label: string; readonly meaning: string }>>

const typeOf = (frame: PageFrame, type: string) => {
  const types: Types = frame.t.audit.types
  return Object.hasOwn(types, type) ? types[type] : undefined
}

export const eventLabel = (frame: PageFrame, type: string): string => typeOf(frame, type)?.label ?? type

const textOf = (texts: Readonly<Record<string, string>>, name: string): string =>
  (Object.hasOwn(texts, name) ? texts[name] : undefined) ?? name

const TONES = { WARNING: 'warning', ERROR: 'bad', CRITICAL: 'bad' } as const

const Severity = ({ frame, severity }: { frame: PageFrame; severity: string }) =>
  severity === 'INFO' ? (
    nothing
  ) : (
    <Badge tone={Object.hasOwn(TONES, severity) ? TONES[severity as keyof typeof TONES] : 'neutral'}>
      {textOf(frame.t.audit.severities, severity)}
    </Badge>
  )

const Outcome = ({ frame, success }: { frame: PageFrame; success: boolean }) => (
  <Badge tone={success ? 'good' : 'bad'} icon={success ? 'check' : 'x'}>
    {success ? frame.t.audit.outcomes.true : frame.t.audit.outcomes.false}
  </Badge>
)

/** One line of the time line; it opens in place to all that is known. */
export const AuditEntry = ({ frame, event }: { frame: PageFrame; event: AuditEventView }) => (
  <details class="audit-entry">
    <summary>
      <time class="audit-time" datetime={event.at.toISOString()}>
        {event.at.toISOString().slice(11, 19)}
      </time>
      <span class="audit-what">
        <span class="flex flex-wrap items-center gap-2">
          <span class="font-medium wrap-anywhere" title={event.eventType}>
            {eventLabel(frame, event.eventType)}
          </span>
          <Severity frame={frame} severity={event.severity} />
          {!event.success && <Outcome frame={frame} success={false} />}
        </span>
        <span class="block wrap-anywhere text-muted">
          {event.action}
          {event.problem && `: ${event.problem}`}
        </span>
      </span>
      <span class="audit-who">
        <span class="block wrap-anywhere">{event.actor || frame.t.audit.system}</span>
        <span class="block wrap-anywhere text-muted">{resourceLabel(frame.t, event) || '—'}</span>
      </span>
      <span class="audit-where">{event.address || '—'}</span>
      <Icon name="chevron-down" class="audit-mark size-4" />
    </summary>
    <div class="audit-open">
      <AuditFacts frame={frame} event={event} />
      <p class="mt-3 text-sm">
        <a class="link" href={`${frame.basePath}/admin/audit/events/${encodeURIComponent(event.id)}`}>
          {frame.t.audit.details.link}
        </a>
      </p>
    </div>
  </details>
)

/** Everything that was recorded. */
export function AuditFacts({ frame, event }: { frame: PageFrame; event: AuditEventView }) {
  const t = frame.t.audit.details
  const filter = (name: string, value: string) => `/admin/audit?${new URLSearchParams({ [name]: value })}`
  const rows: (Fact | false)[] = [
    { name: t.time, value: <Moment at={event.at} /> },
    { name: t.event, value: <EventName frame={frame} event={event} /> },
    { name: t.severity, value: textOf(frame.t.audit.severities, event.severity) },
    { name: t.outcome, value: <Outcome frame={frame} success={event.success} /> },
    event.problem !== '' && { name: t.problem, value: event.problem },
    { name: t.actor, value: <Actor frame={frame} event={event} /> },
    event.address !== '' && {
      name: t.address,
      value: (
        <More frame={frame} text={event.address} path={filter('actor_ip', event.address)} more={t.eventsOfAddress} />
      ),
    },
    (event.resourceId !== '' || event.resourceName !== '') && {
      name: t.resource,
      value: <Resource frame={frame} event={event} path={filter('resource_id', event.resourceId)} />,
    },
    event.clientId !== '' && {
      name: t.application,
      value: (
        <>
          <Linked
            frame={frame}
            text={event.clientName || event.clientId}
            path={event.clientPath ?? filter('client_id', event.clientId)}
          />
          {event.clientName !== '' && <code class="ml-2 font-mono text-xs break-all text-muted">{event.clientId}</code>}
        </>
      ),
    },
    event.requestPath !== '' && { name: t.request, value: `${event.method} ${event.requestPath}` },
    event.requestId !== '' && {
      name: t.requestId,
      value: (
        <More
          frame={frame}
          text={event.requestId}
          path={filter('request_id', event.requestId)}
          more={t.eventsOfRequest}
        />
      ),
    },
    event.userAgent !== '' && { name: t.device, value: event.userAgent },
    { name: t.id, value: <code class="font-mono text-xs break-all">{event.id}</code> },
  ]
  return (
    <>
      <Facts rows={rows.filter((row) => row !== false)} />
      {event.details !== '' && (
        <div class="mt-3">
          <p class="mb-1 text-sm text-muted">{t.data}</p>
          <pre class="audit-data">{event.details}</pre>
        </div>
      )}
    </>
  )
}

const Moment = ({ at }: { at: Date }) => (
  <>
    <time datetime={at.toISOString()}>{at.toISOString().replace('T', ' ').replace('Z', ' UTC')}</time>{' '}
    <span class="text-muted">
      (<Time at={at} />)
    </span>
  </>
)

const EventName = ({ frame, event }: { frame: PageFrame; event: AuditEventView }) => (
  <>
    {event.action}
    <span class="block text-muted">
      <code class="font-mono text-xs">{event.eventType}</code> {typeOf(frame, event.eventType)?.meaning ?? ''}
    </span>
  </>
)

const Linked = ({ frame, text, path }: { frame: PageFrame; text: Child; path: string | undefined }) =>
  path === undefined ? (
    <span class="wrap-anywhere">{text}</span>
  ) : (
    <a class="link wrap-anywhere" href={frame.basePath + path}>
      {text}
    </a>
  )

const More = ({ frame, text, path, more }: { frame: PageFrame; text: Child; path: string; more: string }) => (
  <>
    <span class="wrap-anywhere">{text}</span>{' '}
    <a class="link text-xs" href={frame.basePath + path}>
      {more}
    </a>
  </>
)

const Actor = ({ frame, event }: { frame: PageFrame; event: AuditEventView }) => {
  const name = event.actor || event.actorId || frame.t.audit.system
  const linked = <Linked frame={frame} text={name} path={event.actorPath} />
  if (event.actorId === '') return linked
  const path = `/admin/audit?${new URLSearchParams({ actor_user_id: event.actorId })}`
  return <More frame={frame} text={linked} path={path} more={frame.t.audit.details.eventsOfActor} />
}

const Resource = ({ frame, event, path }: { frame: PageFrame; event: AuditEventView; path: string }) => {
  const t = frame.t.audit
  const name = event.resourceName || event.resourceId
  const text = [
    textOf(t.resources, event.resourceType),
    ' ',
    <Linked frame={frame} text={name} path={event.resourcePath} />,
  ]
  return event.resourceId === '' ? (
    <span class="wrap-anywhere">{text}</span>
  ) : (
    <More frame={frame} text={text} path={path} more={t.details.eventsOfResource} />
  )
}
