import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DotenvError, parseDotenv } from '../../src/config/dotenv'

const read = (text: string, env = {}) => Object.fromEntries(parseDotenv(text, env))

describe('.env', () => {
  test.each<[string, Record<string, string>]>([
    ['A=x # y # z', { A: 'x' }],
    ['A=#abc', { A: '#abc' }],
    ['A= # note', { A: '' }],
    ['A= #note', { A: '' }],
    ['A=\t# note', { A: '' }],
    ['A=a#b', { A: 'a#b' }],
    ['A=', { A: '' }],
    ['A="x # y"', { A: 'x # y' }],
    ["A='$HOME ${B}'", { A: '$HOME ${B}' }],
    ['A=Pa$$W0rd-long', { A: 'Pa$$W0rd-long' }],
    ['A=$HOME', { A: '$HOME' }],
    ['A=1\nA=2', { A: '2' }],
    ['export A=v', { A: 'v' }],
    ['  export   A = v  ', { A: 'v' }],
    ['A: v', { A: 'v' }],
    ['A: host=h port=1', { A: 'host=h port=1' }],
    ['A=http://x', { A: 'http://x' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\ufeffA=1', { A: '1' }],
    ['# comment\n\n  # another = line\nA=1', { A: '1' }],
    ['A.b_c=1', { 'A.b_c': '1' }],
    ['A="line\\nbreak" # comment', { A: 'line\nbreak' }],
    ['A="two\nlines"\nB=1', { A: 'two\nlines', B: '1' }],
    ["A='two\nlines' # comment\nB=1", { A: 'two\nlines', B: '1' }],
    ['A="say \\"hi\\""', { A: 'say "hi"' }],
    ['A="C:\\dir\\r"', { A: 'C:dir\r' }],
    ['A=""', { A: '' }],
    ['A=1\nB=${A}2', { A: '1', B: '12' }],
    ['A=1\nB="${A} ${A}"', { A: '1', B: '1 1' }],
    ['B="\\${A}"', { B: '${A}' }],
    ['A="\'x\'"', { A: "'x'" }],
    ['A=\'"x"\'', { A: '"x"' }],
    ['A="$a-price"', { A: '$a-price' }],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test('a reference finds earlier keys first, then the environment', () => {
    expect(read('A=${HOST}:1', { HOST: 'h' })).toEqual({ A: 'h:1' })
    expect(read('HOST=f\nA=${HOST}', { HOST: 'h' })).toEqual({ HOST: 'f', A: 'f' })
  })

  test.each([
    ['A', 'line 1: no = after the name'],
    ['A=1\nB-C=1', 'line 2: the name'],
    ['1A=x', 'line 1: the name'],
    ['=x', 'line 1: the name'],
    ['A="x', 'line 1: the quote is not closed'],
    ["B=1\n\nA='x\ny\nz", 'line 3: the quote is not closed'],
    ['A="x" y', 'line 1: text after the closing quote'],
    ['A="x\ny" z', 'line 2: text after the closing quote'],
    ['A="x\ny"\nB', 'line 3: no = after the name'],
    ['A=${NOPE}', 'line 1: ${NOPE} is not defined'],
    ['A=${B}\nB=1', 'line 1: ${B} is not defined'],
  ])('%j is an error that names the line', (text, message) => {
    expect(() => read(text)).toThrow(DotenvError)
    expect(() => read(text)).toThrow(`invalid .env file: ${message}`)
  })

  test.each(['A=hunter2\nB', 'A="hunter2', 'A="hunter2" x', 'A="x" hunter2', 'A="hunter2${NOPE}"', 'hunter2-: x'])(
    'the error for %j does not repeat what may be a secret [SEC]',
    (text) => {
      expect(() => read(text)).toThrow(DotenvError)
      expect(() => read(text)).not.toThrow('hunter2')
    },
  )

  test('any text in single quotes is that text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (value) => {
        fc.pre(!value.includes("'") && !value.includes('\r'))
        expect(read(`A='${value}'\nB=1`)).toEqual({ A: value, B: '1' })
      }),
    )
  })

  test('any text in double quotes with \\, " and $ protected is that text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab c#="$\n{}'), maxLength: 30 }), (value) => {
        const written = value.replace(/["$]/g, '\\$&').replaceAll('\n', '\\n')
        expect(read(`A="${written}"\nB=1`)).toEqual({ A: value, B: '1' })
      }),
    )
  })

  test('whatever the file holds, the answer is values or an error with a line of the file', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AB=:"\'\\ \n#${}x'), maxLength: 40 }), (text) => {
        try {
          parseDotenv(text, {})
        } catch (error) {
          expect(error).toBeInstanceOf(DotenvError)
          const line = Number(/line (\d+):/.exec((error as Error).message)?.[1])
          expect(line).toBeGreaterThanOrEqual(1)
          expect(line).toBeLessThanOrEqual(text.split('\n').length)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
