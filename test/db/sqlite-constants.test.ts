import { describe, expect, test } from 'bun:test'
import { Param, Placeholder } from 'drizzle-orm'
import { inlineConstants } from '../../src/db/sqlite-constants'

const slot = new Param(new Placeholder('id'))
const isConstant = (value: unknown): boolean => !(value instanceof Param)
const inline = (sql: string, params: unknown[]) => inlineConstants(sql, params, isConstant)

describe('constants of SQLite statements', () => {
  test('whole numbers, plain texts and null go into the text; slots of calls stay, in their order', () => {
    const { sql, params } = inline('select 1 where a = ? and b = ? and c is ? and d = ? limit ?', [
      slot,
      'active',
      null,
      slot,
      1,
    ])
    expect(sql).toBe("select 1 where a = ? and b = 'active' and c is null and d = ? limit 1")
    expect(params).toEqual([slot, slot])
  })

  test('question marks in names and texts are no slots', () => {
    const { sql, params } = inline(`select "a?", '?' from t where x = ?`, [7])
    expect(sql).toBe(`select "a?", '?' from t where x = 7`)
    expect(params).toEqual([])
  })

  test.each([["it's"], ['a\u0000b'], [1.5], [Number.MAX_SAFE_INTEGER + 1], [new Uint8Array(2)]])(
    '%p stays bound',
    (value) => {
      const { sql, params } = inline('select ?', [value])
      expect(sql).toBe('select ?')
      expect(params).toEqual([value])
    },
  )

  test('a text with other slots than parameters is refused', () => {
    expect(() => inline('select ?', [])).toThrow('1 slots for 0 parameters')
  })
})
