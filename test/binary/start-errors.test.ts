/** Starts that must be refused: one readable line that names the setting and what to do, exit code 1, nothing made. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runBinary } from '../support/binary'
import { expiredCertificate, selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { freshDatabase } from '../support/postgres'
import { suiteNeeds } from '../support/skip'

let folder: string
let files: string
beforeEach(() => {
  folder = temporaryFolder('refused')
  files = temporaryFolder('files')
})
afterEach(() => {
  removeFolder(folder)
  removeFolder(files)
})

const KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0'
const SECRETS = { JWT_SECRET: KEY, SESSION_SECRET: KEY.toUpperCase() }

const start = async (env: Record<string, string>, limit?: number) => {
  const outcome = await runBinary(['server'], { folder, env: { SERVER_ADDR: '127.0.0.1:0', ...env }, limit })
  return { ...outcome, lines: outcome.stderr.trimEnd().split('\n') }
}

/** Exactly one line on standard error, nothing on disk. */
const expectRefusal = ({ exitCode, lines }: Awaited<ReturnType<typeof start>>, text: RegExp) => {
  expect(lines.join('\n')).toMatch(text)
  expect({ exitCode, lines: lines.length }).toEqual({ exitCode: 1, lines: 1 })
  expect(readdirSync(folder)).toEqual([])
}

describe('configuration', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['an address that is none', { SERVER_ADDR: '8080' }, /invalid SERVER_ADDR value: "8080" \(expected host:port/],
    ['a weak key', { JWT_SECRET: 'short' }, /JWT_SECRET must be at least 32 bytes/],
    [
      'no key in production',
      { ENVIRONMENT: 'production', BASE_URL: 'https://id.example.com', SESSION_SECRET: KEY },
      /JWT_SECRET must be set .*openssl rand/,
    ],
    ['an unknown environment', { ENVIRONMENT: 'prodution' }, /invalid ENVIRONMENT value: "prodution" \(must be/],
    ['a day as unit', { JWT_EXPIRATION: '1d' }, /invalid JWT_EXPIRATION value: "1d" \(expected a duration/],
    ['an unknown database', { DATABASE_DRIVER: 'mysql' }, /unsupported database driver: mysql \(DATABASE_DRIVER/],
    ['half of TLS', { TLS_CERT_FILE: '/x' }, /TLS_CERT_FILE and TLS_KEY_FILE must both be set/],
    ['no such certificate', { TLS_CERT_FILE: '/no/x', TLS_KEY_FILE: '/no/y' }, /TLS_CERT_FILE \/no\/x: ENOENT/],
    [
      'RS256 without a key',
      { JWT_SIGNING_ALGORITHM: 'RS256' },
      /JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM is required/,
    ],
    [
      'no such key',
      { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: '/no/key' },
      /Failed to load JWT private key from \/no\/key/,
    ],
    ['a short password', { DEFAULT_ADMIN_PASSWORD: 'short' }, /DEFAULT_ADMIN_PASSWORD must be 12 to 256/],
    ['no such secret file', { JWT_SECRET_FILE: '/no/file' }, /JWT_SECRET_FILE \/no\/file: ENOENT/],
    ['a DSN that cannot be read', { DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=x port=abc' }, /DATABASE_DSN/],
    ['processes that cannot share', { WORKERS: '2', DATABASE_PATH: ':memory:' }, /WORKERS=2 needs a database/],
  ]
  for (const [name, env, text] of cases)
    test(name, async () => {
      expectRefusal(await start(env), text)
    })

  test('an expired certificate', async () => {
    const { certFile, keyFile } = expiredCertificate(files, 'localhost')
    expectRefusal(await start({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }), /TLS_CERT_FILE .* expired on 2020/)
  })

  test('a certificate and the key of another', async () => {
    const [one, other] = [selfSignedCertificate(files, 'localhost'), selfSignedCertificate(files, 'localhost')]
    expectRefusal(
      await start({ TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: other.keyFile }),
      /TLS_CERT_FILE .* and TLS_KEY_FILE .* do not belong together/,
    )
  })

  test('a syntax error in .env names the line and never its content [SEC]', async () => {
    writeFileSync(join(folder, '.env'), 'SERVER_ADDR=:0\nJWT_SECRET="hunter2\n')
    const { exitCode, stderr } = await start({})
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^Invalid configuration: invalid \.env file: line 2: /)
    expect(stderr).not.toContain('hunter2')
    expect(readdirSync(folder)).toEqual(['.env'])
  })

  test('all problems at once, one line each', async () => {
    const { exitCode, lines } = await start({ JWT_EXPIRATION: '1d', LOGIN_RATE_LIMIT: 'x', SERVER_ADDR: 'x' })
    expect({ exitCode, count: lines.length }).toEqual({ exitCode: 1, count: 3 })
  })
})

describe('address', () => {
  test('a port that is taken', async () => {
    const other = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    try {
      expectRefusal(
        await start({ SERVER_ADDR: `127.0.0.1:${other.port}` }),
        new RegExp(`listen tcp 127\\.0\\.0\\.1:${other.port}: address already in use; .*SERVER_ADDR`),
      )
    } finally {
      other.stop(true)
    }
  })

  test('a port that another server shares (TLS listeners share theirs)', async () => {
    const { certFile, keyFile } = selfSignedCertificate(files, 'localhost')
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, reusePort: true, fetch: () => new Response('') })
    try {
      expectRefusal(
        await start({ SERVER_ADDR: `127.0.0.1:${other.port}`, TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }),
        /address already in use; .*SERVER_ADDR/,
      )
    } finally {
      await other.stop(true)
    }
  })

  test('an address this machine does not have', async () => {
    expectRefusal(
      await start({ SERVER_ADDR: '203.0.113.7:8080' }),
      /203\.0\.113\.7:8080: .*no such address.*SERVER_ADDR/,
    )
  })
})

describe('SQLite', () => {
  test('a folder that does not exist', async () => {
    expectRefusal(
      await start({ DATABASE_PATH: '/no/such/oauth.db' }),
      /folder \/no\/such of DATABASE_PATH does not exist; create/,
    )
  })

  test('a folder in place of the file', async () => {
    mkdirSync(join(files, 'oauth.db'))
    expectRefusal(await start({ ...SECRETS, DATABASE_PATH: join(files, 'oauth.db') }), /SQLite file .*DATABASE_PATH/)
  })

  test('a file that is no database', async () => {
    writeFileSync(join(files, 'oauth.db'), 'not a database, but longer than a header of one hundred bytes '.repeat(20))
    expectRefusal(
      await start({ ...SECRETS, DATABASE_PATH: join(files, 'oauth.db') }),
      /SQLite file .*oauth\.db: it is not a SQLite database; .*DATABASE_PATH/,
    )
  })

  test('credentials that cannot be written leave no account behind [SEC]', async () => {
    const env = { ...SECRETS, DATABASE_PATH: join(files, 'oauth.db') }
    expectRefusal(
      await start({ ...env, CREDENTIALS_FILE: '/no/such/file' }),
      /credentials to \/no\/such\/file: ENOENT; .*CREDENTIALS_FILE/,
    )
    const { Database } = await import('bun:sqlite')
    const db = new Database(env.DATABASE_PATH, { readonly: true })
    expect(db.query('select count(*) as n from users').get()).toEqual({ n: 0 })
    db.close()
  })

  test('a database that is newer than the program', async () => {
    const env = { ...SECRETS, DATABASE_PATH: join(files, 'oauth.db') }
    const { Database } = await import('bun:sqlite')
    const db = new Database(env.DATABASE_PATH, { create: true })
    db.run(
      'create table schema_migrations(idx integer primary key, tag text not null, hash text not null, at integer not null)',
    )
    for (let n = 0; n < 1000; n += 1)
      db.run('insert into schema_migrations(tag, hash, at) values (?, ?, 0)', [`9${n}`, 'x'])
    db.close()
    expectRefusal(await start(env), /differs from the one in this program|newer than this program/)
  })
})

describe('PostgreSQL', () => {
  const postgres = (dsn: string) => ({ ...SECRETS, DATABASE_DRIVER: 'postgres', DATABASE_DSN: dsn })

  test('nothing listens there', async () => {
    const port = await freePort()
    const refused = await start(postgres(`postgres://u:hunter2@127.0.0.1:${port}/db`))
    expectRefusal(refused, /PostgreSQL at 127\.0\.0\.1: connection refused; .*DATABASE_DSN/)
    expect(refused.stderr + refused.stdout).not.toContain('hunter2')
  })

  test('a host that never answers: over after DB_INIT_TIMEOUT', async () => {
    const mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    try {
      const began = performance.now()
      const env = { ...postgres(`postgres://u@127.0.0.1:${mute.port}/db`), DB_INIT_TIMEOUT: '2s' }
      expectRefusal(await start(env), /timeout.*(DATABASE_DSN|DB_INIT_TIMEOUT)/)
      expect(performance.now() - began).toBeLessThan(5_000)
    } finally {
      mute.stop(true)
    }
  })

  test('SIGTERM while it waits: exit code 1 within two seconds', async () => {
    const mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    try {
      const { binaryPath } = await import('../support/binary')
      const child = Bun.spawn([binaryPath(), 'server'], {
        cwd: folder,
        env: { SERVER_ADDR: '127.0.0.1:0', ...postgres(`postgres://u@127.0.0.1:${mute.port}/db`) },
        stderr: 'pipe',
        stdout: 'ignore',
      })
      await Bun.sleep(700)
      const began = performance.now()
      child.kill('SIGTERM')
      expect(await child.exited).toBe(1)
      expect(performance.now() - began).toBeLessThan(2_500)
      expect(await child.stderr.text()).toContain('cancelled by a signal')
    } finally {
      mute.stop(true)
    }
  })

  suiteNeeds('postgresql')('a real server', () => {
    test('a database that does not exist', async () => {
      const { url, drop } = await freshDatabase()
      const refused = await start(postgres(url.replace(/\/[^/]*$/, '/no_such_database')))
      await drop()
      expectRefusal(refused, /the database does not exist; create it, or correct dbname in DATABASE_DSN/)
    })

    test('a TLS mode the server does not offer', async () => {
      const { url, drop } = await freshDatabase()
      const refused = await start(postgres(`${url}?sslmode=require`))
      await drop()
      expectRefusal(refused, /PostgreSQL at .*DATABASE_DSN/)
    })
  })
})
