import type { PageFrame } from '../frame'
import { Html } from '../html'
import { Select } from './choice'
import { Hidden } from './field'
import { Icon } from './icon'

/** What the list shows now; every link and form of it keeps all the rest. */
export interface ListState {
  readonly search: string
  readonly filters: Readonly<Record<string, string | undefined>>
  readonly sort?: string | undefined
  readonly pageSize: number
}

export interface FilterView {
  readonly name: string
  readonly label: string
  readonly options: readonly { readonly value: string; readonly label: string }[]
}

export interface ListView {
  /** Path of the list below BASE_URL. */
  readonly path: string
  readonly state: ListState
  readonly filters?: readonly FilterView[]
  readonly sorts?: { readonly label: string; readonly options: readonly { value: string; label: string }[] }
  readonly pageSizes?: readonly number[]
}

const PAGE_SIZES = [10, 20, 50]

function parameters({ state, sorts, pageSizes = PAGE_SIZES }: ListView): Record<string, string> {
  const { search, filters, sort, pageSize } = state
  const given = {
    search,
    ...filters,
    sort: sort === sorts?.options[0]?.value ? '' : sort,
    page_size: pageSize === pageSizes[0] ? '' : String(pageSize),
  }
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/** The list's address with some of its parameters changed; an empty one is left out. */
export function listHref(frame: PageFrame, list: ListView, changes: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({ ...parameters(list), ...changes })
  for (const [name, value] of [...query]) if (value === '') query.delete(name)
  const text = query.toString()
  return `${frame.basePath}${list.path}${text === '' ? '' : `?${text}`}`
}

export const isNarrowed = ({ state }: ListView): boolean =>
  state.search !== '' || Object.values(state.filters).some(Boolean)

/** Search, filters, order and size of a list, all of which work without scripts. */
export function ListToolbar(props: { frame: PageFrame; list: ListView; searchLabel: string }) {
  const { frame, list } = props
  const { state, filters = [], sorts, pageSizes = PAGE_SIZES } = list
  const t = frame.t.lists
  return (
    <div class="list-toolbar">
      <search>
        <form method="get" action={frame.basePath + list.path} class="list-search">
          {Object.entries(state.filters).map(([name, value]) => value && <Hidden name={name} value={value} />)}
          <div class="list-search-box">
            <Icon name="search" class="list-search-icon" />
            <label class="sr-only" for="search">
              {props.searchLabel}
            </label>
            <input
              id="search"
              class="field-input pl-9"
              type="search"
              name="search"
              value={state.search}
              placeholder={props.searchLabel}
              autocomplete="off"
              maxlength="200"
            />
          </div>
          {sorts && <Select name="sort" label={sorts.label} options={sorts.options} value={state.sort} plain />}
          <Select
            name="page_size"
            label={t.pageSize}
            options={pageSizes.map((size) => ({ value: String(size), label: t.items(size) }))}
            value={String(state.pageSize)}
            plain
          />
          <button type="submit" class="btn btn-plain">
            {t.search}
          </button>
          {isNarrowed(list) && (
            <a class="btn btn-ghost" href={frame.basePath + list.path}>
              {t.clear}
            </a>
          )}
        </form>
      </search>
      {filters.length > 0 && (
        <div class="list-filters">
          {filters.map((filter) => (
            <Filter frame={frame} list={list} filter={filter} />
          ))}
        </div>
      )}
    </div>
  )
}

function Filter({ frame, list, filter }: { frame: PageFrame; list: ListView; filter: FilterView }) {
  const current = list.state.filters[filter.name] ?? ''
  const options = [{ value: '', label: frame.t.lists.all }, ...filter.options]
  return (
    <nav aria-label={filter.label}>
      <span class="text-sm wrap-anywhere text-muted" aria-hidden="true">
        {filter.label}
      </span>
      <span class="segments">
        {options.map(({ value, label }) => (
          <a
            class="segment"
            href={listHref(frame, list, { [filter.name]: value })}
            aria-current={value === current ? 'true' : undefined}
          >
            {label}
          </a>
        ))}
      </span>
    </nav>
  )
}
