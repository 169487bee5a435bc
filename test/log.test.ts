/** Log lines: form, levels, escaping, and when they are written. */
import { describe, expect, test } from 'bun:test'
import { createLogger } from '../src/log'

function capture(options: Partial<Parameters<typeof createLogger>[0]> = {}) {
  const written: string[] = []
  const settings = { LOG_FORMAT: 'json', LOG_LEVEL: 'info', production: false, ...options } as const
  return { log: createLogger(settings, (lines) => written.push(lines)), written }
}

describe('log', () => {
  test('JSON lines carry time in UTC (RFC 3339), level, message and fields', () => {
    const { log, written } = capture()
    log.warn({ request_id: 'r1', status: 503 }, 'refused')
    const line = JSON.parse(written[0] ?? '')
    expect(line).toMatchObject({ level: 'warn', message: 'refused', request_id: 'r1', status: 503 })
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('text lines quote what is not plain', () => {
    const { log, written } = capture({ LOG_FORMAT: 'text' })
    log.error({ path: '/a b', ip: '::1', n: 3, deep: { a: 1 } }, 'failed')
    expect(written[0]).toMatch(/^\S+Z ERROR failed path="\/a b" ip=::1 n=3 deep={"a":1}\n$/)
  })

  test('the default form is text, in production JSON', () => {
    const text = capture({ LOG_FORMAT: '' })
    text.log.warn({}, 'hello')
    expect(text.written[0]).toContain(' WARN  hello\n')
    const json = capture({ LOG_FORMAT: '', production: true })
    json.log.warn({}, 'hello')
    expect(JSON.parse(json.written[0] ?? '').message).toBe('hello')
  })

  test('no value forges a line or drives a terminal [SEC]', () => {
    const hostile = 'a\n2026-01-01T00:00:00Z INFO forged\u001b[2J\u009b31m\u2028\u202e'
    for (const LOG_FORMAT of ['text', 'json'] as const) {
      const { log, written } = capture({ LOG_FORMAT })
      log.warn({ path: hostile }, hostile)
      expect(written.join('').trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
    }
  })

  test('a field cannot take the place of time, level or message [SEC]', () => {
    const { log, written } = capture()
    log.warn({ level: 'debug', time: 'never', message: 'other' }, 'real')
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ level: 'warn', message: 'real' })
    expect(written[0]).not.toContain('never')
  })

  test('errors are named, their messages are not quoted [SEC]', () => {
    const { log, written } = capture()
    log.error({ error: Object.assign(new RangeError('password=hunter2'), { code: 'EBAD' }) }, 'failed')
    expect(JSON.parse(written[0] ?? '').error).toBe('RangeError EBAD')
  })

  test('lines below LOG_LEVEL are not written', () => {
    const { log, written } = capture({ LOG_LEVEL: 'warn' })
    log.debug({}, 'd')
    log.info({}, 'i')
    log.flush()
    expect(written).toEqual([])
  })

  test('ordinary lines wait and are written together; a warning brings them along', async () => {
    const { log, written } = capture({ LOG_FORMAT: 'text' })
    log.info({}, 'one')
    log.info({}, 'two')
    expect(written).toEqual([])
    log.warn({}, 'three')
    expect(written.length).toBe(1)
    expect(written[0]?.match(/one|two|three/g)).toEqual(['one', 'two', 'three'])
    log.info({}, 'four')
    await Bun.sleep(200)
    expect(written.length).toBe(2)
    log.info({}, 'five')
    log.flush()
    expect(written.length).toBe(3)
  })

  test('of a warning that repeats the first ten of a minute are written, the others are counted; kinds are told apart', () => {
    const { log, written } = capture()
    for (let n = 0; n < 500; n += 1) {
      log.warn({ request_id: `r${n}`, error: 'DatabaseUnavailable', code: 'ECONNREFUSED' }, 'refused')
      if (n < 3) log.warn({ error: 'DatabaseUnavailable', code: 'SQLITE_FULL' }, 'refused')
    }
    expect(written.length).toBe(13)
    log.flush()
    expect(written.length).toBe(14)
    expect(JSON.parse(written[13] ?? '')).toMatchObject({ message: 'refused', code: 'ECONNREFUSED', repeated: 490 })
    log.warn({ error: 'DatabaseUnavailable', code: 'ECONNREFUSED' }, 'refused')
    expect(written.length).toBe(15)
  })

  test('requests are each written, however many', () => {
    const { log, written } = capture()
    for (let n = 0; n < 100; n += 1) log.info({ request_id: `r${n}` }, 'request')
    log.flush()
    expect(written.join('').trimEnd().split('\n').length).toBe(100)
  })
})
