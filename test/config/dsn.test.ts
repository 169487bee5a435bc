import { describe, expect, test } from 'bun:test'
import { parsePostgresDsn, parseSqliteDsn } from '../../src/config/dsn'

const postgres = (dsn: string, env = {}) => parsePostgresDsn(dsn, env, 30_000)

describe('PostgreSQL connection strings', () => {
  test('keyword form with quotes and escapes, and the same as URL', () => {
    const keyword = postgres("host=h user='a b' password='p\\'q' dbname=d port=5433 sslmode=disable").options
    const url = postgres("postgres://a%20b:p'q@h:5433/d?sslmode=disable").options
    for (const options of [keyword, url])
      expect(options).toMatchObject({
        host: ['h'],
        port: [5433],
        user: 'a b',
        password: "p'q",
        database: 'd',
        ssl: false,
      })
  })
  test('other keys become run-time parameters', () => {
    const { connection } = postgres('postgres://h/d?application_name=x&search_path=s&TimeZone=UTC').options
    expect(connection).toEqual({ application_name: 'x', search_path: 's', TimeZone: 'UTC' } as typeof connection)
  })
  test('several hosts, the first port for the rest', () => {
    expect(postgres('postgres://a:1,b:2,[::1]/d').options).toMatchObject({
      host: ['a', 'b', '::1'],
      port: [1, 2, 5432],
    })
    expect(postgres('host=a,b port=7').options).toMatchObject({ port: [7, 7] })
  })
  test('query parameters override the authority; a socket directory is a path', () => {
    expect(postgres('postgres://x/d?host=/var/run/postgresql').options).toMatchObject({
      path: '/var/run/postgresql/.s.PGSQL.5432',
    })
  })
  test('PG variables fill what is missing', () => {
    expect(postgres('host=h', { PGUSER: 'u', PGHOST: 'other', PGSSLMODE: 'disable' }).options).toMatchObject({
      host: ['h'],
      user: 'u',
      ssl: false,
    })
  })
  test.each<[string, unknown]>([
    ['', 'prefer'],
    ['sslmode=prefer', 'prefer'],
    ['sslmode=require', { rejectUnauthorized: false }],
    ['sslmode=verify-full', { rejectUnauthorized: true }],
    ['sslrootcert=system', { rejectUnauthorized: true }],
  ])('TLS by %p', (text, ssl) => {
    expect(postgres(`host=h ${text}`).options.ssl).toEqual(ssl as 'prefer')
  })
  test('modes behind transaction poolers prepare nothing', () => {
    expect(postgres('host=h').prepare).toBe(true)
    expect(postgres('host=h default_query_exec_mode=simple_protocol').prepare).toBe(false)
  })
  test.each([
    ['host=h user', 'invalid keyword/value'],
    ["host=h password='x", 'unterminated quoted string'],
    ['host=h password=x\\', 'invalid backslash'],
    ['host=h port=x', 'port must be a number'],
    ['host=h sslcert=/x', 'sslcert and sslkey must be given together'],
    ['host=h service=x', 'service is not supported'],
    ['host=h sslmode=verify-ca sslrootcert=/nowhere', 'cannot read sslrootcert'],
  ])('%p is refused without its password [SEC]', (text, message) => {
    expect(() => postgres(`password=hunter2 ${text}`)).toThrow(message)
    expect(() => postgres(`password=hunter2 ${text}`)).not.toThrow('hunter2')
  })
})

describe('SQLite locations', () => {
  test.each<[string, object]>([
    ['a.db', { path: 'a.db', busyTimeoutMs: 5000 }],
    [':memory:', { path: ':memory:' }],
    ['file:/x/y.db?_busy_timeout=100&_journal=DELETE&_sync=NORMAL', { path: '/x/y.db', busyTimeoutMs: 100 }],
    ['file:x.db?mode=memory', { path: ':memory:' }],
  ])('%p', (dsn, expected) => {
    expect(parseSqliteDsn(dsn).connection).toMatchObject(expected)
  })
  test('recognised options without effect are warned about', () => {
    expect(parseSqliteDsn('a.db?_cache_size=1').warnings.length).toBe(1)
  })
  test('unknown options and read-only mode are refused', () => {
    expect(() => parseSqliteDsn('a.db?_x=1')).toThrow('unknown SQLite option')
    expect(() => parseSqliteDsn('file:a.db?mode=ro')).toThrow('needs to write')
  })
})
