import { describe, expect, test } from 'bun:test'
import { DsnError } from '../../src/config/dsn-error'
import { parseSqliteDsn } from '../../src/config/sqlite-dsn'

describe('SQLite locations', () => {
  test.each<[string, object]>([
    ['a.db', { path: 'a.db', busyTimeoutMs: 5000 }],
    ['/var/lib/a b.db', { path: '/var/lib/a b.db' }],
    ['a%20b.db', { path: 'a%20b.db' }],
    [':memory:', { path: ':memory:' }],
    ['file::memory:?cache=shared', { path: ':memory:' }],
    ['file:x.db?mode=memory', { path: ':memory:' }],
    ['file:x.db?mode=rwc', { path: 'x.db' }],
    ['file:///x/y.db', { path: '/x/y.db' }],
    ['file://localhost/x/y.db', { path: '/x/y.db' }],
    ['file:a%20b.db', { path: 'a b.db' }],
    ['a.db?_busy_timeout=100', { busyTimeoutMs: 100 }],
    ['a.db?_timeout=100&_fk=off', { busyTimeoutMs: 100, foreignKeys: false }],
    ['file:/x/y.db?_journal=DELETE&_sync=NORMAL', { path: '/x/y.db', journalMode: 'delete', synchronous: 'normal' }],
    ['a.db?_foreign_keys=1', { foreignKeys: true }],
  ])('%p', (dsn, expected) => {
    expect(parseSqliteDsn(dsn).connection).toMatchObject(expected)
  })

  test.each([
    ['a.db?_cache_size=1', ['_cache_size']],
    ['a.db?_txlock=deferred&_locking=exclusive', ['_txlock', '_locking']],
    ['a.db?_txlock=immediate&_locking_mode=NORMAL&cache=private', []],
    ['file:a.db?cache=shared&immutable=1&vfs=x', ['cache', 'immutable', 'vfs']],
    ['a.db?mode=ro', ['mode']],
  ])('%p: options without effect are warned about', (dsn, names) => {
    const { warnings } = parseSqliteDsn(dsn)
    expect(warnings).toEqual(names.map((name) => `DATABASE_DSN: option ${name} has no effect`))
  })

  test.each([
    ['a.db?_x=1', 'unknown SQLite option _x'],
    ['file:a.db?mode=ro', 'needs to write'],
    ['file:a.db?mode=x', 'mode must be'],
    ['file://other/a.db', 'names a host'],
    ['file:%zz', 'bad percent-encoding'],
    ['?_fk=1', 'no file name'],
    ['a.db?_busy_timeout=5s', '_busy_timeout must be a number'],
    ['a.db?_synchronous=OFF', '_synchronous must be one of'],
    ['a.db?_journal_mode=MEMORY', '_journal_mode must be one of'],
    ['a.db?_fk=maybe', '_foreign_keys must be one of'],
  ])('%p is refused', (dsn, message) => {
    expect(() => parseSqliteDsn(dsn)).toThrow(DsnError)
    expect(() => parseSqliteDsn(dsn)).toThrow(message)
  })
})
