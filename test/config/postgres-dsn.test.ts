import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DsnError } from '../../src/config/dsn-error'
import { parsePostgresDsn } from '../../src/config/postgres-dsn'
import { file } from './support'

const parse = (dsn: string, env = {}) => parsePostgresDsn(dsn, env, 30_000)
const options = (dsn: string, env = {}) => parse(dsn, env).options

describe('keyword form', () => {
  test('quotes and escapes, and the same as URL', () => {
    const keyword = options("host=h user='a b' password='p\\'q' dbname=d port=5433 sslmode=disable")
    const url = options("postgres://a%20b:p'q@h:5433/d?sslmode=disable")
    const expected = { host: ['h'], port: [5433], user: 'a b', password: "p'q", database: 'd', ssl: false }
    expect(keyword).toMatchObject(expected as object)
    expect(url).toEqual(keyword)
  })

  test.each<[string, object]>([
    ['host = h  user= u', { host: ['h'], user: 'u' }],
    ['host=h\n\tuser=u\n', { host: ['h'], user: 'u' }],
    ["host=h password=it's", { password: "it's" }],
    ['host=h password=a\\ b', { password: 'a\\ b' }],
    ['host=h password=a\\\\b', { password: 'a\\b' }],
    ["host=h password='a\\\\\\'b'", { password: "a\\'b" }],
    ["host=h password=''", { password: '' }],
    ['host=h password=', { password: '' }],
    ['host=h password=a=b', { password: 'a=b' }],
    ['host=h password=#x%40', { password: '#x%40' }],
    ['host=h user=a user=b', { user: 'b' }],
    ['host=h database=a dbname=b', { database: 'b' }],
    ['HOST=h', { host: ['h'] }],
    ['host=h port=', { port: [5432] }],
    ['host=/run/pg port=5433', { path: '/run/pg/.s.PGSQL.5433', ssl: false }],
    ['host=a,b port=7', { host: ['a', 'b'], port: [7, 7] }],
    ['host=a,b,c port=1,2', { port: [1, 2, 1] }],
    ['host=::1', { host: ['::1'] }],
  ])('%j', (dsn, expected) => {
    expect(options(dsn)).toMatchObject(expected)
  })

  test('an empty user counts as none', () => {
    expect(options('host=h user=')).not.toHaveProperty('user')
    expect(options('host=h user=', { PGUSER: 'u' })).toMatchObject({ user: 'u' })
  })

  test('any value in quotes is that value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (password, database) => {
        fc.pre(database !== '')
        const quoted = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`
        const read = options(`password=${quoted(password)} dbname=${quoted(database)} host=h`)
        expect(read).toMatchObject({ password, database, host: ['h'] } as object)
      }),
    )
  })
})

describe('URL form', () => {
  test.each<[string, object]>([
    ['postgres://h', { host: ['h'], port: [5432] }],
    ['postgresql://u@h/d', { user: 'u', host: ['h'], database: 'd' }],
    ['postgres://u:p%40%2F%3A@h/d', { password: 'p@/:' }],
    ['postgres://u:p@q@h/d', { user: 'u', password: 'p@q', host: ['h'] }],
    ['postgres://u:@h/d', { password: '' }],
    ['postgres://a:1,b:2,[::1]/d', { host: ['a', 'b', '::1'], port: [1, 2, 5432] }],
    ['postgres://h//d', { database: 'd' }],
    ['postgres://h/a%20b', { database: 'a b' }],
    ['postgres://x/d?host=/var/run/postgresql', { path: '/var/run/postgresql/.s.PGSQL.5432' }],
    ['postgres://u:p@h/d?user=v&password=q&dbname=e&port=1', { user: 'v', password: 'q', database: 'e', port: [1] }],
    ['postgres://h/d?user=a&user=b', { user: 'a' }],
    ['postgres:///d?host=h', { host: ['h'], database: 'd' }],
  ])('%s', (dsn, expected) => {
    expect(options(dsn)).toMatchObject(expected)
  })

  test('any user, password and database, percent-encoded, are those', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.startsWith('/'))
    fc.assert(
      fc.property(word, word, word, (user, password, database) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent)
        expect(options(`postgres://${u}:${p}@h:1/${d}`)).toMatchObject({ user, password, database } as object)
      }),
    )
  })
})

describe('both forms', () => {
  test('other keys become run-time parameters', () => {
    const dsn = 'postgres://h/d?application_name=x&search_path=s&TimeZone=UTC&statement_timeout=5s'
    expect(options(dsn).connection as object).toEqual({
      application_name: 'x',
      search_path: 's',
      TimeZone: 'UTC',
      statement_timeout: '5s',
    })
  })
  test('the server is told who connects', () => {
    expect(options('host=h').connection as object).toEqual({ application_name: 'authgate' })
  })
  test('PG variables fill what is missing, and nothing else', () => {
    const env = { PGHOST: 'other', PGUSER: 'u', PGPASSWORD: 'p', PGSSLMODE: 'disable', PGTZ: 'UTC', PGAPPNAME: 'a' }
    expect(options('host=h password=q', env)).toMatchObject({
      host: ['h'],
      user: 'u',
      password: 'q',
      ssl: false,
      connection: { TimeZone: 'UTC', application_name: 'a' },
    } as object)
    expect(options('', env)).toMatchObject({ host: ['other'], password: 'p' } as object)
  })
  test('the time limit for connecting is DB_INIT_TIMEOUT unless given in seconds', () => {
    expect(options('host=h').connect_timeout).toBe(30)
    expect(options('host=h connect_timeout=4').connect_timeout).toBe(4)
  })
  test('statements are not prepared behind transaction poolers', () => {
    expect(parse('host=h').prepare).toBe(true)
    for (const mode of ['exec', 'simple_protocol', 'describe_exec'])
      expect(parse(`host=h default_query_exec_mode=${mode}`).prepare).toBe(false)
    expect(parse('host=h statement_cache_capacity=0').prepare).toBe(false)
    expect(parse('host=h default_query_exec_mode=cache_describe statement_cache_capacity=9').prepare).toBe(true)
  })
  test('target_session_attrs', () => {
    expect(options('host=a,b target_session_attrs=primary')).toMatchObject({ target_session_attrs: 'primary' })
    expect(options('host=a target_session_attrs=any')).not.toHaveProperty('target_session_attrs')
  })
  test('options of other drivers do not reach the server', () => {
    const dsn = 'host=h sslsni=1 description_cache_capacity=1 min_protocol_version=3.0 channel_binding=prefer'
    expect(options(dsn).connection as object).toEqual({ application_name: 'authgate' })
  })
})

describe('TLS', () => {
  const given = '-----BEGIN CERTIFICATE-----'
  const ca = file(given)
  test.each<[string, unknown]>([
    ['', 'prefer'],
    ['sslmode=disable', false],
    ['sslmode=allow', 'prefer'],
    ['sslmode=prefer', 'prefer'],
    ['sslmode=require', { rejectUnauthorized: false }],
    ['sslmode=verify-full', { rejectUnauthorized: true }],
    [`sslmode=verify-full sslrootcert=${ca}`, { rejectUnauthorized: true, ca: given }],
    [`sslmode=verify-full sslcert=${ca} sslkey=${ca}`, { rejectUnauthorized: true, cert: given, key: given }],
    ['sslrootcert=system', { rejectUnauthorized: true }],
    ['sslrootcert=system sslmode=require', { rejectUnauthorized: true }],
  ])('%p', (text, ssl) => {
    expect(options(`host=h ${text}`).ssl as unknown).toEqual(ssl)
  })
  test.each([`sslmode=require sslrootcert=${ca}`, `sslmode=verify-ca sslrootcert=${ca}`])(
    '%p checks the chain and not the host name',
    (text) => {
      const ssl = options(`host=h ${text}`).ssl as { checkServerIdentity(): unknown }
      expect(ssl).toMatchObject({ rejectUnauthorized: true, ca: given })
      expect(ssl.checkServerIdentity()).toBeUndefined()
    },
  )
  test('sslnegotiation=direct', () => {
    expect(options('host=h sslmode=require sslnegotiation=direct')).toMatchObject({ sslnegotiation: 'direct' })
    expect(options('host=h sslmode=require sslnegotiation=postgres')).not.toHaveProperty('sslnegotiation')
  })
  test('whether the text says so', () => {
    expect(parse('host=h').sslmodeGiven).toBe(false)
    expect(parse('host=h sslmode=prefer').sslmodeGiven).toBe(true)
    expect(parse('host=h', { PGSSLMODE: 'require' }).sslmodeGiven).toBe(true)
  })
})

describe('what is refused, without its password [SEC]', () => {
  test.each([
    ['host=h user', 'cannot parse DATABASE_DSN: failed to parse as keyword/value (invalid keyword/value)'],
    ['host=h =x', 'invalid keyword/value'],
    ["host=h password='x", 'unterminated quoted string in connection info string'],
    ["host=h password='x\\", 'unterminated quoted string in connection info string'],
    ['host=h password=x\\', 'invalid backslash'],
    ["host=h password='x'y", 'invalid keyword/value'],
    ['host=h port=x', 'port must be a number'],
    ['host=h port=0', 'port must be a number'],
    ['host=h connect_timeout=5s', 'connect_timeout must be a number of seconds'],
    ['host=h sslcert=/x', 'sslcert and sslkey must be given together'],
    ['host=h sslmode=bogus', 'sslmode is invalid'],
    ['host=h sslmode=bogus sslrootcert=system', 'sslmode is invalid'],
    ['host=h service=x', 'service is not supported'],
    ['host=h krbsrvname=x', 'krbsrvname is not supported'],
    ['host=h passfile=x', 'passfile is not supported'],
    ['host=h channel_binding=require', 'channel_binding=require is not supported'],
    ['host=h target_session_attrs=x', 'target_session_attrs is invalid'],
    ['host=h default_query_exec_mode=x', 'default_query_exec_mode is invalid'],
    ['host=h sslmode=verify-ca sslrootcert=/nowhere', 'cannot read sslrootcert /nowhere: ENOENT'],
  ])('%p', (text, message) => {
    expect(() => parse(`password=hunter2 ${text}`)).toThrow(DsnError)
    expect(() => parse(`password=hunter2 ${text}`)).toThrow(message)
    expect(() => parse(`password=hunter2 ${text}`)).not.toThrow('hunter2')
  })
  test.each([
    ['postgres://u:hunter2@h:x/d', 'bad host or port'],
    ['postgres://u:hunter2@::1/d', 'bad host or port'],
    ['postgres://u:hunter2%@h/d', 'bad percent-encoding'],
    ['postgres://u:hunter2@h/d#x', 'failed to parse as URL'],
    ['postgres://u:hunter2@h/d?sslmode=x', 'sslmode is invalid'],
  ])('%p', (text, message) => {
    expect(() => parse(text)).toThrow(DsnError)
    expect(() => parse(text)).toThrow(message)
    expect(() => parse(text)).not.toThrow('hunter2')
  })
  test('files that only the environment names are refused too', () => {
    for (const name of ['PGSERVICE', 'PGPASSFILE'])
      expect(() => parse('host=h', { [name]: 'x' })).toThrow('not supported')
  })

  test('whatever the text, the answer is options or an error that does not quote it', () => {
    const unit = fc.constantFrom(..."ab= \\'@:/?&%,[]#\n", 'host=', 'port=', 'postgres://', 'sslmode=')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const dsn = `${text} password=hunter2 ${text}`
        try {
          parse(dsn)
        } catch (error) {
          expect(error).toBeInstanceOf(DsnError)
          expect((error as Error).message).not.toContain('hunter2')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
