import { expect, test } from 'bun:test'
import { DotenvError, parseDotenv } from '../../src/config/dotenv'

const read = (text: string, env = {}) => Object.fromEntries(parseDotenv(text, env))

test.each<[string, Record<string, string>]>([
  ['A=x # y # z', { A: 'x' }],
  ['A=#abc', { A: '#abc' }],
  ['A= # note', { A: '' }],
  ['A=a#b', { A: 'a#b' }],
  ['A="x # y"', { A: 'x # y' }],
  ["A='$HOME ${B}'", { A: '$HOME ${B}' }],
  ['A=Pa$$W0rd-long', { A: 'Pa$$W0rd-long' }],
  ['A=1\nA=2', { A: '2' }],
  ['export A=v', { A: 'v' }],
  ['A: v', { A: 'v' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['\ufeffA=1', { A: '1' }],
  ['# comment\n\n  # another\nA=1', { A: '1' }],
  ['A="line\\nbreak" # comment', { A: 'line\nbreak' }],
  ['A="two\nlines"\nB=1', { A: 'two\nlines', B: '1' }],
  ['A="say \\"hi\\""', { A: 'say "hi"' }],
  ['A=1\nB=${A}2', { A: '1', B: '12' }],
  ['B="\\${A}"', { B: '${A}' }],
  ['A="\'x\'"', { A: "'x'" }],
])('%j', (text, expected) => {
  expect(read(text)).toEqual(expected)
})

test('a reference also finds the environment', () => {
  expect(read('A=${HOST}:1', { HOST: 'h' })).toEqual({ A: 'h:1' })
})

test.each([
  ['A', 'line 1: no = after the name'],
  ['A=1\nB-C=1', 'line 2: the name'],
  ['A="x', 'line 1: the quote is not closed'],
  ['A="x" y', 'line 1: text after the closing quote'],
  ['A=${NOPE}', 'line 1: ${NOPE} is not defined'],
])('%j is an error that names the line and not the value', (text, message) => {
  expect(() => read(text)).toThrow(new DotenvError(0, '').message.slice(0, 18))
  expect(() => read(text)).toThrow(message)
})
