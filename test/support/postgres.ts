/**
 * A real PostgreSQL for tests.
 *
 * `freshDatabase()` is what most tests want: an empty database of a server that is shared by the whole run
 * (`AUTHGATE_TEST_POSTGRES`, set by scripts/test) or by this test file. `startPostgres()` gives a server of one's own,
 * which may be halted and started again.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import postgres from 'postgres'
import { type Daemon, eventually, removeFolder, startDaemon, temporaryFolder, unprivilegedUser } from './daemon'
import { hasPart, postgresFolder } from './parts'
import { freePort } from './ports'

export interface FreshDatabase {
  readonly url: string
  readonly name: string
  /** Removes the database, cutting off whoever is still connected. */
  drop(): Promise<void>
}

export interface PostgresServer {
  /** The superuser's connection to the maintenance database. */
  readonly url: string
  freshDatabase(): Promise<FreshDatabase>
  /** Cuts every connection and ends the server as a crash would (SIGQUIT); its data stays. */
  halt(): Promise<void>
  /** Starts a halted server again on the same port. */
  start(): Promise<void>
  /** Freezes every process of it: connections stay open and nothing answers. */
  freeze(): void
  thaw(): void
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

export const postgresAvailable = hasPart('postgresql')

/** Runs one statement over a connection of its own. */
async function execute(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 2 })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function createDatabase(serverUrl: string, template = 'template0'): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  return {
    url: databaseUrl(serverUrl, name),
    name,
    drop: () => execute(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** Starts a private server under a temporary folder; it ends with this process at the latest. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresFolder()
  if (!programs) throw new Error('PostgreSQL is not installed; guard the suite with suiteNeeds("postgresql")')
  const user = unprivilegedUser('postgres')
  const folder = temporaryFolder('postgres', user)
  const data = join(folder, 'data')
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`

  const initdb = Bun.spawnSync(
    user.as([
      `${programs}/initdb`,
      ...['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    ]),
    { cwd: folder },
  )
  if (initdb.exitCode !== 0) throw new Error(`initdb failed: ${initdb.stderr}${initdb.stdout}`)

  // Nothing here has to survive a power cut; a killed process loses nothing without fsync.
  const settings = [`listen_addresses=127.0.0.1`, 'fsync=off', 'full_page_writes=off', 'max_connections=200']
  const command = user.as([
    `${programs}/postgres`,
    ...['-D', data, '-p', String(port), '-k', folder],
    ...settings.flatMap((setting) => ['-c', setting]),
  ])
  const daemons: Daemon[] = []

  const start = async () => {
    const daemon = await startDaemon(command, { folder, signal: 'INT' })
    daemons.push(daemon)
    await eventually('the start of PostgreSQL', () => execute(url, 'SELECT 1').then(isTrue, isNotYet)).catch(
      async (error: Error) => {
        throw new Error(`${error.message}: ${await daemon.log()}`)
      },
    )
  }
  const halt = async () => {
    const daemon = daemons.at(-1)
    if (daemon) process.kill(daemon.pid, 'SIGQUIT')
    await eventually('the end of PostgreSQL', () => execute(url, 'SELECT 1').then(isNotYet, isTrue))
  }
  const signalAll = (name: 'STOP' | 'CONT') => {
    const daemon = daemons.at(-1)
    if (!daemon) return
    const children = Bun.spawnSync(['pgrep', '-P', String(daemon.pid)])
      .stdout.toString()
      .split('\n')
      .filter(Boolean)
    // One that ended meanwhile needs no signal.
    Bun.spawnSync(['kill', '-s', name, String(daemon.pid), ...children])
  }
  const stop = async () => {
    for (const daemon of daemons) await daemon.stop()
    removeFolder(folder)
  }

  await start()
  return {
    url,
    freshDatabase: () => createDatabase(url),
    halt,
    start,
    freeze: () => signalAll('STOP'),
    thaw: () => signalAll('CONT'),
    stop,
  }
}

const isTrue = (): boolean | undefined => true
const isNotYet = (): boolean | undefined => undefined

const TEMPLATE_LOCK = 7_310_455

let ofThisFile: Promise<PostgresServer> | undefined

async function sharedServer(): Promise<string> {
  const shared = process.env.AUTHGATE_TEST_POSTGRES
  if (shared) return shared
  ofThisFile ??= startPostgres()
  return (await ofThisFile).url
}

/** An empty database that only its caller uses. */
export const freshDatabase = async (): Promise<FreshDatabase> => createDatabase(await sharedServer())

export interface Template {
  readonly name: string
  /** Fills the database it is given the URL of; called once for each server. */
  readonly fill: (url: string) => Promise<void>
}

let templateIsThere = false

/** A copy of a database that is filled once. */
export async function copyOfTemplate(template: Template): Promise<FreshDatabase> {
  const server = await sharedServer()
  if (!templateIsThere) await ensureTemplate(server, template)
  templateIsThere = true
  return createDatabase(server, template.name)
}

/** Fills it under another name and renames it: another process may be looking for it meanwhile. */
async function ensureTemplate(server: string, { name, fill }: Template): Promise<void> {
  const sql = postgres(server, { max: 1, onnotice: () => {} })
  try {
    await sql`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`
    const [there] = await sql`SELECT 1 FROM pg_database WHERE datname = ${name}`
    if (there) return
    const filled = await createDatabase(server)
    await fill(filled.url)
    await sql.unsafe(`ALTER DATABASE ${filled.name} RENAME TO ${name}`)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
