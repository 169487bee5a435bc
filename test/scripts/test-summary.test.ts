import { describe, expect, test } from 'bun:test'
import { readSummary, totalLine } from '../../scripts/test-summary'

const GOOD = `
test/a.test.ts:
(pass) Y > ok [0.03ms]
(skip) two instances (skipped: needs Redis) > (unnamed)
(skip) two instances (skipped: needs Redis) > limits are shared

 12 pass
 1 skip
 0 fail
 3 expect() calls
Ran 13 tests across 2 files. [51.00ms]
`

describe('summary of a test run', () => {
  test('counts come from the closing lines', () => {
    const total = readSummary(GOOD, { exitCode: 0, files: 2 })
    expect(total).toEqual({
      passed: 12,
      failed: 0,
      skipped: 1,
      skippedTests: [{ file: 'test/a.test.ts', name: 'two instances (skipped: needs Redis) > limits are shared' }],
      failedTests: [],
    })
    expect(totalLine(total)).toBe('12 passed, 0 failed, 1 skipped')
  })

  test('what a test prints is not taken for the summary', () => {
    const output =
      ' 99 pass\n 0 fail\nRan 99 tests across 1 file. [1ms]\n\n 1 pass\n 2 fail\nRan 3 tests across 1 file. [1ms]\n'
    expect(readSummary(output, { exitCode: 1, files: 1 })).toMatchObject({ passed: 1, failed: 2 })
  })

  test('what failed is named once, with the file it stands in', () => {
    const output = `
test/a.test.ts:
(fail) A > one [12.03ms]

test/b.test.ts:
(pass) B > two [0.03ms]

1 tests failed:
(fail) A > one [12.03ms]

 1 pass
 1 fail
Ran 2 tests across 2 files. [51.00ms]
`
    expect(readSummary(output, { exitCode: 1, files: 2 }).failedTests).toEqual([
      { file: 'test/a.test.ts', name: 'A > one' },
    ])
  })

  test.each([
    ['a runner that died before its summary', '(pass) x\n', { exitCode: 137, files: 2 }],
    ['a runner that printed nothing and claims success', '', { exitCode: 0, files: 2 }],
    ['a bad exit code after a clean summary', GOOD, { exitCode: 1, files: 2 }],
    ['a file that was not run', GOOD, { exitCode: 0, files: 3 }],
  ])('%s counts as a failure', (_, output, run) => {
    expect(readSummary(output, run).failed).toBe(1)
  })
})
