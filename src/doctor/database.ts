/** The database: whether it answers and how fast, what it is, its clock, and whether addresses of clients arrive in it. */
import { existsSync } from 'node:fs'
import { desc, gte, sql } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import type { Clock } from '../context'
import type { Database } from '../db/database'
import { openDatabase } from '../db/open'
import { normaliseAddress } from '../edge/client-address'
import { databaseStartError } from '../open-store'
import { inspectDatabase } from '../takeover/take-over'
import { placeText } from '../transfer/place'
import { skewFinding } from './clock-skew'
import { type Finding, fail, ok, warn } from './finding'

const PART = 'database'
const PINGS = 5
const SLOW_MS = 20

/** Only reads. A database that is not there is not made. */
export async function lookAtDatabase(settings: Settings, clock: Clock): Promise<Finding[]> {
  const place = placeText(settings)
  if (settings.sqlite?.path === ':memory:')
    return [warn(PART, 'it is in memory and ends with the server', 'set DATABASE_PATH to a file')]
  if (settings.sqlite && !existsSync(settings.sqlite.path))
    return [warn(PART, `${place} is not there yet`, 'a server that starts makes it')]
  try {
    const recognition = await inspectDatabase(settings)
    if (recognition.kind === 'unknown')
      return [fail(PART, `${place} is no AuthGate database: ${recognition.reason}`, 'name another in DATABASE_DSN')]
    if (recognition.kind === 'existing')
      return [
        warn(
          PART,
          `${place} is of AuthGate 0.x`,
          'see "authgate migrate up --dry-run"; a server that starts converts it',
        ),
      ]
    if (recognition.kind === 'empty') return [warn(PART, `${place} is empty`, 'a server that starts makes its tables')]
    if (recognition.problem !== undefined)
      return [
        fail(PART, `${place}: ${recognition.problem}`, 'run the version of AuthGate that belongs to the database'),
      ]
    if (recognition.pending.length > 0)
      return [warn(PART, `${place} lacks ${recognition.pending.length} migrations`, 'run "authgate migrate up"')]
    const db = openDatabase(settings)
    try {
      return [
        await latency(db, place),
        ...(await clockOf(db, clock)),
        ...(await addressesThatArrive(db, settings, clock)),
      ]
    } finally {
      await db.close().catch(() => {})
    }
  } catch (error) {
    return [fail(PART, databaseStartError(settings, error).message, 'the server cannot start until it answers')]
  }
}

async function latency(db: Database, place: string): Promise<Finding> {
  await db.ping()
  const startedAt = performance.now()
  for (let ping = 0; ping < PINGS; ping += 1) await db.ping()
  const each = (performance.now() - startedAt) / PINGS
  const text = `${place} answers in ${each.toFixed(1)} ms and is up to date`
  return each < SLOW_MS ? ok(PART, text) : warn(PART, text, 'every request waits for it several times: bring it nearer')
}

async function clockOf(db: Database, clock: Clock): Promise<Finding[]> {
  if (db.dialect === 'sqlite') return []
  const before = clock.now()
  const [row] = await db.q
    .select({ at: sql<string>`extract(epoch from clock_timestamp()) * 1000` })
    .from(sql`(select 1) one`)
  const middle = (before + clock.now()) / 2
  return [skewFinding('the database', Number(row?.at) - middle, 0)]
}

const LOOKED_AT = 500
const ENOUGH = 20
const DAY_MS = 24 * 3_600_000
const NEAR = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd]|fe80)/

/**
 * What the last records say of where clients come from: when a proxy in front does not send their addresses, or is not
 * trusted, everybody has the address of the proxy, and all share its rate limits.
 */
async function addressesThatArrive(db: Database, settings: Settings, clock: Clock): Promise<Finding[]> {
  const { auditLogs } = db.t
  const rows = await db.q
    .select({ ip: auditLogs.actorIp })
    .from(auditLogs)
    .where(gte(auditLogs.eventTime, new Date(clock.now() - DAY_MS)))
    .orderBy(desc(auditLogs.eventTime))
    .limit(LOOKED_AT)
  const given = rows.map(({ ip }) => normaliseAddress(ip)).filter((ip) => ip !== '')
  const distinct = new Set(given)
  const part = 'client addresses'
  if (given.length < ENOUGH) return [ok(part, 'too few records of the last day to judge whether they arrive')]
  const [only = ''] = distinct
  if (distinct.size > 1 || !NEAR.test(only)) return [ok(part, `${distinct.size} different ones in the last records`)]
  const isLocal = NEAR.test(new URL(settings.origin).hostname) || new URL(settings.origin).hostname === 'localhost'
  if (isLocal) return [ok(part, `all are ${only}, as BASE_URL is local`)]
  return [
    warn(
      part,
      `all ${given.length} last records come from ${only}, which looks like a proxy`,
      'let the proxy set X-Forwarded-For to the address of the client, and name the proxy in TRUSTED_PROXIES',
    ),
  ]
}
