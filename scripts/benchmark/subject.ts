/** The compiled server under load: starting, stopping, and filling its database before a run. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { generateClientSecret, hashClientSecret } from '../../src/clients/secret'
import { systemRandom } from '../../src/clock'
import { run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import { openSqlite } from '../../src/db/sqlite'
import type { Statement } from '../../src/db/statements'

export interface Subject {
  url: string
  startMs: number
  /** Resident set size in MiB. */
  memory(): number
  stop(signal?: NodeJS.Signals): Promise<void>
}

const START_LIMIT_MS = 20_000
/** Of `admin`. */
export const PASSWORD = 'a-long-benchmark-passphrase'

export async function startSubject(binary: string, folder: string, port: number): Promise<Subject> {
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  const child = Bun.spawn([binary, 'server'], {
    cwd: folder,
    env: {
      BASE_URL: url,
      SERVER_ADDR: `127.0.0.1:${port}`,
      DEFAULT_ADMIN_PASSWORD: PASSWORD,
      ENABLE_RATE_LIMIT: 'false',
      ENABLE_TOKEN_ROTATION: 'true',
      LOG_FORMAT: 'json',
    },
    stdout: Bun.file(join(folder, 'server.log')),
    stderr: Bun.file(join(folder, 'server.err')),
  })
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) break
    if (child.exitCode !== null || performance.now() - began > START_LIMIT_MS)
      throw new Error(`the server did not start: ${await Bun.file(join(folder, 'server.err')).text()}`)
    await Bun.sleep(2)
  }
  return {
    url,
    startMs: performance.now() - began,
    memory: () => {
      const status = Bun.spawnSync(['grep', 'VmRSS', `/proc/${child.pid}/status`]).stdout.toString()
      return Number(/\d+/.exec(status)?.[0] ?? 0) / 1024
    },
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      await child.exited
    },
  }
}

const insertDeviceCode = write('bench_insert_device_code', (q, t) =>
  q.insert(t.deviceCodes).values(rowParameters(t.deviceCodes)),
)

interface DeviceCodeRow {
  deviceCode: string
  clientId: string
  /** Set for a code that is already approved. */
  userId?: string
}

/** Puts device codes into the stopped server's database, as its own endpoint would. */
export async function insertDeviceCodes(file: string, rows: DeviceCodeRow[]): Promise<void> {
  const db = openSqlite({ path: file, busyTimeoutMs: 5000 })
  await db.migrate()
  const now = new Date()
  const expiresAt = new Date(now.getTime() + 30 * 60_000)
  const statements: Statement[] = rows.map(({ deviceCode, clientId, userId }) =>
    run(insertDeviceCode, {
      id: Bun.randomUUIDv7(),
      deviceCodeHash: createHash('sha256').update(deviceCode).digest('hex'),
      userCodeHash: crypto.randomUUID(),
      importedSalt: null,
      importedSuffix: null,
      clientId,
      scopes: 'email profile',
      requestIp: '127.0.0.1',
      requestUserAgent: 'bench',
      expiresAt,
      pollInterval: 5,
      lastPolledAt: null,
      userId: userId ?? null,
      authorizationId: null,
      authorizedAt: userId ? now : null,
      deniedAt: null,
      consumedAt: null,
      tokenFamilyId: null,
      createdAt: now,
    }),
  )
  for (let at = 0; at < statements.length; at += 5_000) await db.commit(statements.slice(at, at + 5_000))
  await db.close()
}

const insertClient = write('bench_insert_client', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

export interface ConfidentialClient {
  clientId: string
  secret: string
  redirectUri: string
}

/** Puts a confidential client with every right into the stopped server's database, as an administrator would. */
export async function insertConfidentialClient(file: string): Promise<ConfidentialClient> {
  const db = openSqlite({ path: file, busyTimeoutMs: 5000 })
  const [seeded] = await db.q.select().from(db.t.oauthApplications).limit(1)
  if (!seeded) throw new Error('the database was not seeded')
  const secret = generateClientSecret({ random: systemRandom })
  const client = { clientId: crypto.randomUUID(), secret, redirectUri: 'http://127.0.0.1:9999/callback' }
  const row: typeof seeded = {
    ...seeded,
    clientId: client.clientId,
    clientSecret: hashClientSecret({ random: systemRandom }, secret),
    clientName: 'Benchmark',
    clientType: 'confidential',
    scopes: 'openid email profile read',
    redirectUris: [client.redirectUri],
    enableClientCredentialsFlow: true,
    allowIntrospection: true,
    origin: 'admin',
  }
  await db.commit([run(insertClient, row)])
  await db.close()
  return client
}

export async function firstUserAndClient(file: string): Promise<{ userId: string; clientId: string }> {
  const db = openSqlite({ path: file, busyTimeoutMs: 5000 })
  const [user] = await db.q.select().from(db.t.users).limit(1)
  const [client] = await db.q.select().from(db.t.oauthApplications).limit(1)
  await db.close()
  if (!user || !client) throw new Error('the database was not seeded')
  return { userId: user.id, clientId: client.clientId }
}
