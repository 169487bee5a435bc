/** A server that may be killed and started again on the same database and address, with the clients of the journeys. */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import postgres from 'postgres'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { freshDatabase } from '../support/postgres'
import { NEW_PASSWORD } from '../support/sign-in'
import { type RegisteredClient, registerApplication, registerService, registrationEnv } from './service-client'

export type Row = Readonly<Record<string, unknown>>

export interface Clients {
  /** Public; of devices. */
  readonly device: RegisteredClient
  /** Public; of the authorization code flow, allowed once and for all. */
  readonly application: RegisteredClient
  /** The same, but what it is allowed is taken back again and again. */
  readonly fickle: RegisteredClient
  readonly service: RegisteredClient
}

export interface Subject {
  readonly url: string
  readonly folder: string
  readonly clients: Clients
  /** Of the user `admin`. */
  readonly password: string
  /** Starts the server, which must not be running. */
  start(): Promise<RunningBinary>
  /** The environment of a start, for one that is to be watched from its first moment. */
  readonly env: Readonly<Record<string, string>>
  /** A request to whatever runs at the address. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  rows(sql: string): Promise<readonly Row[]>
  /** Empty when the database finds nothing wrong with itself. */
  damage(): Promise<string>
  /** The server must have ended. */
  close(): Promise<void>
}

export type Dialect = 'SQLite' | 'PostgreSQL'

/** Reads and changes what the server keeps, from another process. */
interface Store {
  readonly env: Readonly<Record<string, string>>
  rows(sql: string): Promise<readonly Row[]>
  damage(): Promise<string>
  drop(): Promise<void>
}

function sqliteStore(folder: string): Store {
  const rows = async (sql: string) => {
    const db = new Database(join(folder, 'oauth.db'))
    try {
      db.run('pragma busy_timeout = 5000')
      return db.query(sql).all() as Row[]
    } finally {
      db.close()
    }
  }
  return {
    env: {},
    rows,
    damage: async () => {
      const found = (await rows('pragma integrity_check')).map((row) => String(row.integrity_check)).join('; ')
      return found === 'ok' ? '' : found
    },
    drop: async () => {},
  }
}

async function postgresStore(): Promise<Store> {
  const { url, drop } = await freshDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  return {
    env: { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url },
    rows: async (statement) => [...(await sql.unsafe(statement))] as Row[],
    // The database server is not killed here.
    damage: async () => '',
    drop: async () => {
      await sql.end()
      await drop()
    },
  }
}

/** A database with the administrator and four clients in it; nothing runs yet. */
export async function prepareSubject(dialect: Dialect, settings: Record<string, string> = {}): Promise<Subject> {
  const folder = temporaryFolder('subject')
  const store = dialect === 'SQLite' ? sqliteStore(folder) : await postgresStore()
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  const env = {
    ...{ SERVER_ADDR: address, BASE_URL: url, LOG_FORMAT: 'json', DEFAULT_ADMIN_PASSWORD: NEW_PASSWORD },
    ...registrationEnv,
    ...store.env,
    ...settings,
  }
  const start = () => startBinary({ folder, env })
  const server = await start()
  const device = { id: readCredentials(folder).clientId, secret: '' }
  const application = await registerApplication(server, store.rows, 'Application')
  const fickle = await registerApplication(server, store.rows, 'Fickle')
  const service = await registerService(server, store.rows)
  await server.stop()
  return {
    ...{ url, folder, env, start },
    clients: { device, application, fickle, service },
    password: NEW_PASSWORD,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    rows: store.rows,
    damage: store.damage,
    close: async () => {
      await store.drop()
      removeFolder(folder)
    },
  }
}
