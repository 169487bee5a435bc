/** Connection strings against a real PostgreSQL with passwords and TLS. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { appendFileSync, chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { openDatabase } from '../../src/db/open'
import { selfSignedCertificate } from '../support/certificate'
import { unprivilegedUser } from '../support/daemon'
import { type PostgresServer, startPostgres } from '../support/postgres'
import { suiteNeeds } from '../support/skip'
import { folder, settings } from './support'

suiteNeeds('postgresql')('DATABASE_DSN', () => {
  let server: PostgresServer
  let port: string
  let certificate: string
  let admin: postgres.Sql

  beforeAll(async () => {
    server = await startPostgres()
    port = new URL(server.url).port
    admin = postgres(server.url, { max: 1, onnotice: () => {} })
    const [row] = await admin`show data_directory`
    const data = row?.data_directory as string
    const { certFile, keyFile } = selfSignedCertificate(folder(), 'db.example')
    certificate = certFile
    const { uid, gid } = unprivilegedUser('postgres')
    for (const [from, to] of [[certFile, 'server.crt'] as const, [keyFile, 'server.key'] as const]) {
      copyFileSync(from, join(data, to))
      chmodSync(join(data, to), 0o600)
      chownSync(join(data, to), uid, gid)
    }
    const access = join(data, 'pg_hba.conf')
    writeFileSync(access, `host all "a b" 127.0.0.1/32 scram-sha-256\n${readFileSync(access, 'utf8')}`)
    appendFileSync(join(data, 'postgresql.auto.conf'), 'ssl = on\n')
    await admin.unsafe(`create role "a b" login password 'p''q'`)
    await admin.unsafe('create database d owner "a b"')
    await admin.unsafe('select pg_reload_conf()')
  }, 30_000)
  afterAll(async () => {
    await admin?.end({ timeout: 1 })
    await server?.stop()
  })

  /** What the server knows of a connection made as `dsn` says. */
  async function connect(dsn: string) {
    const db = openDatabase(settings({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: dsn, DB_MAX_OPEN_CONNS: '1' }))
    try {
      await db.ping()
      const [seen] = await admin`
        select usename as "user", datname as "database", application_name as "application", ssl
        from pg_stat_activity join pg_stat_ssl using (pid)
        where pid <> pg_backend_pid() and backend_type = 'client backend'`
      return { ...seen }
    } finally {
      await db.close()
    }
  }

  test('keyword form: quotes and a quote in the password', async () => {
    const seen = await connect(`host=127.0.0.1 user='a b' password='p\\'q' dbname=d port=${port} sslmode=disable`)
    expect(seen).toEqual({ user: 'a b', database: 'd', application: 'authgate', ssl: false })
  })

  test('the same as URL, with a name the server shows', async () => {
    const seen = await connect(`postgres://a%20b:p%27q@127.0.0.1:${port}/d?sslmode=disable&application_name=x`)
    expect(seen).toEqual({ user: 'a b', database: 'd', application: 'x', ssl: false })
  })

  test('a wrong password is refused', async () => {
    await expect(connect(`postgres://a%20b:nope@127.0.0.1:${port}/d`)).rejects.toThrow()
  })

  test.each(['', 'sslmode=prefer', 'sslmode=require'])('%p: encrypted', async (tls) => {
    const seen = await connect(`host=127.0.0.1 port=${port} user=postgres dbname=postgres ${tls}`)
    expect(seen.ssl).toBe(true)
  })

  test('verify-ca takes a certificate of the named authority, whatever host it is for', async () => {
    const dsn = `host=localhost port=${port} user=postgres dbname=postgres sslmode=verify-ca`
    expect((await connect(`${dsn} sslrootcert=${certificate}`)).ssl).toBe(true)
    await expect(connect(dsn)).rejects.toThrow()
  })

  test('verify-full wants the certificate to be for the host [SEC]', async () => {
    const dsn = `port=${port} user=postgres dbname=postgres sslmode=verify-full sslrootcert=${certificate}`
    expect((await connect(`host=127.0.0.1 ${dsn}`)).ssl).toBe(true)
    await expect(connect(`host=localhost ${dsn}`)).rejects.toThrow()
    await expect(
      connect(`host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=verify-full`),
    ).rejects.toThrow()
  })
})
