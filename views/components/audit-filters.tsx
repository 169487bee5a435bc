import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import type { Messages } from '../messages'
import { SubmitButton } from './button'
import { Select } from './choice'
import { TextField } from './field'
import { Icon } from './icon'
import { type ListView, listHref } from './list-toolbar'

export type AuditField = keyof Messages['audit']['fields']

export interface AuditListView extends ListView {
  /** Filters that are set, as one reads them. */
  readonly chips: readonly { readonly name: AuditField; readonly value: string }[]
  readonly eventGroups: readonly {
    readonly group: keyof Messages['audit']['groups']
    readonly types: readonly string[]
  }[]
  readonly severities: readonly (keyof Messages['audit']['severities'])[]
  readonly resourceTypes: readonly (keyof Messages['audit']['resources'])[]
  /** As they stand in the fields, without a zone. */
  readonly times: { readonly start: string; readonly end: string }
  readonly period: string
}

const PERIODS = ['1h', '24h', '7d', '30d'] as const

/** Always at the first page of what is there now. */
export const auditHref = (frame: PageFrame, list: ListView, changes: Readonly<Record<string, string>>): string =>
  listHref(frame, list, { as_of: '', ...changes })

export function AuditFilters({ frame, list }: { frame: PageFrame; list: AuditListView }) {
  const t = frame.t.audit
  return (
    <div class="grid grid-cols-1 gap-3">
      <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Periods frame={frame} list={list} />
        <Chips frame={frame} list={list} />
      </div>
      <details class="panel" data-audit-filters open={list.chips.some(({ name }) => name !== 'period')}>
        <summary class="flex cursor-pointer items-center gap-2 px-4 py-3 text-sm font-medium">
          <Icon name="search" class="size-4 text-muted" />
          {t.filters}
        </summary>
        <search>
          <form
            method="get"
            action={frame.basePath + list.path}
            aria-label={t.filterForm}
            class="audit-filters border-t border-base-300"
          >
            <Fields frame={frame} list={list} />
            <div class="audit-filters-wide flex flex-wrap gap-2">
              <SubmitButton>{t.apply}</SubmitButton>
              <a class="btn btn-ghost" href={frame.basePath + list.path}>
                {t.clear}
              </a>
            </div>
          </form>
        </search>
      </details>
    </div>
  )
}

function Fields({ frame, list }: { frame: PageFrame; list: AuditListView }) {
  const t = frame.t.audit
  const { filters, search, pageSize } = list.state
  const text = (name: AuditField) => (
    <TextField
      name={name}
      label={t.fields[name]}
      value={filters[name] ?? ''}
      autocomplete="off"
      optional
      maxLength={255}
    />
  )
  const any = { value: '', label: t.any }
  return (
    <>
      <div class="audit-filters-wide">
        <TextField
          name="search"
          label={t.fields.search}
          value={search}
          autocomplete="off"
          optional
          maxLength={200}
          hint={t.searchHint}
        />
      </div>
      <EventSelect frame={frame} list={list} />
      <Select
        name="severity"
        label={t.fields.severity}
        options={[any, ...list.severities.map((value) => ({ value, label: t.severities[value] }))]}
        value={filters.severity}
      />
      <Select
        name="success"
        label={t.fields.success}
        options={[any, { value: 'true', label: t.outcomes.true }, { value: 'false', label: t.outcomes.false }]}
        value={filters.success}
      />
      <Moment name="start_time" label={t.fields.start_time} value={list.times.start} />
      <Moment name="end_time" label={t.fields.end_time} value={list.times.end} />
      {text('actor_user_id')}
      {text('actor_ip')}
      {text('client_id')}
      <Select
        name="resource_type"
        label={t.fields.resource_type}
        options={[any, ...list.resourceTypes.map((value) => ({ value, label: t.resources[value] }))]}
        value={filters.resource_type}
      />
      {text('resource_id')}
      {text('request_id')}
      <Select
        name="page_size"
        label={t.fields.page_size}
        options={(list.pageSizes ?? []).map((size) => ({ value: String(size), label: String(size) }))}
        value={String(pageSize)}
      />
    </>
  )
}

/** Every event there is, by where it arises. */
function EventSelect({ frame, list }: { frame: PageFrame; list: AuditListView }) {
  const t = frame.t.audit
  const types: Readonly<Record<string, { readonly label: string }>> = t.types
  const current = list.state.filters.event_type ?? ''
  const isKnown = current === '' || Object.hasOwn(types, current)
  return (
    <div>
      <label class="field-label" for="event_type">
        {t.fields.event_type}
      </label>
      <select id="event_type" name="event_type" class="field-select">
        <option value="">{t.any}</option>
        {!isKnown && (
          <option value={current} selected>
            {current}
          </option>
        )}
        {list.eventGroups.map(({ group, types: ofGroup }) => (
          <optgroup label={t.groups[group]}>
            {ofGroup.map((type) => (
              <option value={type} selected={type === current}>
                {types[type]?.label ?? type}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </div>
  )
}

/** Seconds count; browsers without such a field take it as text. */
const Moment = ({ name, label, value }: { name: string; label: string; value: string }) => (
  <div>
    <label class="field-label" for={name}>
      {label}
    </label>
    <input id={name} class="field-input" name={name} type="datetime-local" step="1" value={value} autocomplete="off" />
  </div>
)

function Periods({ frame, list }: { frame: PageFrame; list: AuditListView }) {
  const t = frame.t.audit.periods
  const hasTimes = list.times.start !== '' || list.times.end !== ''
  const options = [{ value: '', label: t.all }, ...PERIODS.map((value) => ({ value, label: t[value] }))]
  return (
    <nav aria-label={t.label} class="segments">
      {options.map(({ value, label }) => (
        <a
          class="segment"
          href={auditHref(frame, list, { period: value, start_time: '', end_time: '' })}
          aria-current={!hasTimes && value === list.period ? 'true' : undefined}
        >
          {label}
        </a>
      ))}
    </nav>
  )
}

function Chips({ frame, list }: { frame: PageFrame; list: AuditListView }) {
  const t = frame.t.audit
  const chips = list.chips.filter(({ name }) => name !== 'period')
  if (chips.length === 0) return nothing
  return (
    <ul class="flex min-w-0 flex-wrap gap-2">
      {chips.map(({ name, value }) => (
        <li class="min-w-0">
          <a
            class="audit-chip"
            href={auditHref(frame, list, { [name]: '' })}
            aria-label={t.without(`${t.fields[name]}: ${value}`)}
          >
            <span class="min-w-0 truncate">
              {t.fields[name]}: <b class="font-medium">{value}</b>
            </span>
            <Icon name="x" class="size-3.5" />
          </a>
        </li>
      ))}
    </ul>
  )
}
