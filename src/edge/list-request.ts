/** What a list is asked for by its address. Whatever stands there, the list it names exists: nonsense is the default. */

import type { Found } from '../db/found'

export interface ListRequest {
  /** From 1. */
  readonly page: number
  readonly pageSize: number
  /** As typed. */
  readonly search: string
  /** Only values that the list knows. */
  readonly filters: Readonly<Record<string, string | undefined>>
  /** The first of the known orders unless another one was asked for. */
  readonly sort: string | undefined
}

export interface ListKinds {
  readonly filters?: Readonly<Record<string, readonly string[]>>
  readonly sort?: readonly string[]
  readonly pageSizes?: readonly number[]
}

export interface Listed<Row> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly page: number
  readonly pageSize: number
  readonly pages: number
}

const PAGE_SIZES: readonly number[] = [10, 20, 50]
const LONGEST_SEARCH = 200
const LAST_PAGE = 1_000_000

function positive(text: string | undefined, fallback: number, most: number): number {
  const number = /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0
  return number < 1 ? fallback : Math.min(number, most)
}

/** `query` is that of the address; a parameter that is there twice counts as its first. */
export function readListRequest(
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
  kinds: ListKinds = {},
): ListRequest {
  const { filters = {}, sort = [], pageSizes = PAGE_SIZES } = kinds
  const value = (name: string): string | undefined => {
    const found = Object.hasOwn(query, name) ? query[name] : undefined
    return typeof found === 'string' ? found : found?.[0]
  }
  const known = (name: string, values: readonly string[]) => values.find((each) => each === value(name))
  return {
    page: positive(value('page'), 1, LAST_PAGE),
    pageSize: positive(value('page_size'), pageSizes[0] ?? 10, pageSizes.at(-1) ?? 50),
    search: (value('search') ?? '').slice(0, LONGEST_SEARCH).toWellFormed().replaceAll('\u0000', ''),
    filters: Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, known(name, values)])),
    sort: known('sort', sort) ?? sort[0],
  }
}

/** One page of a list; beyond the end, the last. */
export async function listPage<Row>(
  { page, pageSize }: Pick<ListRequest, 'page' | 'pageSize'>,
  count: () => Promise<number>,
  select: (window: { readonly limit: number; readonly offset: number }) => PromiseLike<readonly Row[]>,
): Promise<Listed<Row>> {
  const total = await count()
  const pages = Math.ceil(total / pageSize)
  const shown = Math.max(1, Math.min(page, pages))
  const rows = total === 0 ? [] : await select({ limit: pageSize, offset: (shown - 1) * pageSize })
  return { rows, total, page: shown, pageSize, pages }
}

/** One page of what was found, and whether there may be more than is listed. */
export const listFound = async <Row>(
  request: Pick<ListRequest, 'page' | 'pageSize'>,
  found: Found<Row>,
): Promise<Listed<Row> & { readonly cut: boolean }> => ({
  ...(await listPage(request, async () => found.total, found.select)),
  cut: found.cut,
})
