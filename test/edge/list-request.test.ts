import { describe, expect, test } from 'bun:test'
import { type ListRequest, listPage, readListRequest } from '../../src/edge/list-request'

const KINDS = { filters: { status: ['active', 'disabled'] }, sort: ['newest', 'oldest'] } as const

describe('what a list is asked for', () => {
  test('defaults', () => {
    expect(readListRequest({}, KINDS)).toEqual({
      ...{ page: 1, pageSize: 10, search: '', sort: 'newest' },
      filters: { status: undefined },
    } as ListRequest)
  })

  test.each(['0', '-1', '', 'x', '1e3', '0x10', '1.5', ' 2', '99999999999999999999', 'NaN', '１'])(
    'page and size %p are the defaults',
    (nonsense) => {
      const { page, pageSize } = readListRequest({ page: nonsense, page_size: nonsense })
      expect({ page, pageSize }).toEqual({ page: 1, pageSize: 10 })
    },
  )

  test('sizes are limited to the largest that is offered', () => {
    expect(readListRequest({ page_size: '51' }).pageSize).toBe(50)
    expect(readListRequest({ page_size: '25' }).pageSize).toBe(25)
    expect(readListRequest({ page_size: '101' }, { pageSizes: [20, 50, 100] }).pageSize).toBe(100)
    expect(readListRequest({ page_size: '0' }, { pageSizes: [20, 50, 100] }).pageSize).toBe(20)
  })

  test('unknown values of filters and orders do not count, names of object members neither', () => {
    const { filters, sort } = readListRequest({ status: "active' or 1=1", sort: '__proto__', hidden: '1' }, KINDS)
    expect(filters).toEqual({ status: undefined })
    expect(sort).toBe('newest')
    expect(readListRequest(Object.create({ search: 'inherited' })).search).toBe('')
  })

  test('a search is taken as typed, up to 200 signs that every database takes', () => {
    expect(readListRequest({ search: ' a%_ ' }).search).toBe(' a%_ ')
    expect(readListRequest({ search: 'a\u0000b\ud800' }).search).toBe('ab\ufffd')
    expect(readListRequest({ search: 'x'.repeat(10_000) }).search).toHaveLength(200)
  })

  test('of a repeated parameter the first counts', () => {
    expect(readListRequest({ search: ['one', 'two'], page: ['3', '4'] })).toMatchObject({ search: 'one', page: 3 })
  })
})

describe('a page of a list', () => {
  const all = Array.from({ length: 23 }, (_, index) => index)
  const read = (page: number, rows = all) =>
    listPage(
      { page, pageSize: 10 },
      async () => rows.length,
      async ({ limit, offset }) => rows.slice(offset, offset + limit),
    )

  test('beyond the end is the last', async () => {
    expect(await read(9_999)).toEqual({ rows: [20, 21, 22], total: 23, page: 3, pageSize: 10, pages: 3 })
  })

  test('of an empty list is the first, and empty', async () => {
    expect(await read(7, [])).toEqual({ rows: [], total: 0, page: 1, pageSize: 10, pages: 0 })
  })
})
