/** Where Redis is, and what it means when it cannot be used at start. */
import { readFileSync } from 'node:fs'
import type { RedisOptions } from 'ioredis'
import type { Settings } from './config/settings'
import { byCluster, bySentinels, type Endpoint, nameOf, primaryConnector } from './redis-primary'
import { StartError } from './start-error'

export interface RedisPlace {
  /** For people. */
  readonly name: string
  readonly db: number
  readonly options: RedisOptions
  /** Follows the first word of every key: what one program keeps must be on one node of a cluster. */
  readonly tag: string
}

/** What is kept, which names its place in a cluster. */
export type Kept = 'cache' | 'limits'

const DEFAULT_PORT = 6379

/** Where the settings put it. Throws `StartError` when a file of theirs has gone since they were checked. */
export function redisPlace(settings: Settings, kept: Kept): RedisPlace {
  if (settings.REDIS_SENTINEL_ADDRS.length > 0) return atSentinels(settings)
  if (settings.REDIS_CLUSTER_ADDRS.length > 0) return inCluster(settings, kept)
  return atAddress(settings)
}

/** What every key in Redis of this kind begins with, such as `authgate:`. */
export const redisKeyTag = (settings: Settings, kept: Kept): string =>
  settings.REDIS_CLUSTER_ADDRS.length > 0 ? `{${kept}}:` : ''

/** `REDIS_ADDR` is `host:port`, or a URL; the other settings go before what the URL says. */
function atAddress(settings: Settings): RedisPlace {
  const address = settings.REDIS_ADDR
  const url = new URL(/^rediss?:\/\//i.test(address) ? address : `redis://${address}`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  const db = settings.REDIS_DB || Number(url.pathname.slice(1)) || 0
  const username = settings.REDIS_USERNAME || decodeURIComponent(url.username)
  const password = settings.REDIS_PASSWORD || decodeURIComponent(url.password)
  const tls = settings.REDIS_TLS || url.protocol === 'rediss:'
  return {
    name: `${host}:${port}`,
    db,
    tag: '',
    options: {
      host,
      port,
      db,
      ...credentials(username, password),
      ...(tls && { tls: { ...tlsFiles(settings), ...nameOf(host) } }),
      ...leaveFormerPrimary,
    },
  }
}

function atSentinels(settings: Settings): RedisPlace {
  const { REDIS_SENTINEL_ADDRS: addresses, REDIS_SENTINEL_MASTER: master } = settings
  const tls = settings.REDIS_TLS && { tls: tlsFiles(settings) }
  const search = {
    addresses: addresses.map(endpoint),
    options: { ...credentials(settings.REDIS_SENTINEL_USERNAME, settings.REDIS_SENTINEL_PASSWORD), ...tls },
    ask: bySentinels(master),
  }
  return {
    name: `the primary ${master} of Sentinels ${addresses.join(', ')}`,
    db: settings.REDIS_DB,
    tag: '',
    options: {
      db: settings.REDIS_DB,
      ...credentials(settings.REDIS_USERNAME, settings.REDIS_PASSWORD),
      ...tls,
      ...leaveFormerPrimary,
      Connector: primaryConnector(search),
    },
  }
}

function inCluster(settings: Settings, kept: Kept): RedisPlace {
  const tls = settings.REDIS_TLS && { tls: tlsFiles(settings) }
  const options = { ...credentials(settings.REDIS_USERNAME, settings.REDIS_PASSWORD), ...tls }
  const addresses = settings.REDIS_CLUSTER_ADDRS
  const tag = redisKeyTag(settings, kept)
  const search = { addresses: addresses.map(endpoint), options, ask: byCluster(tag) }
  return {
    name: `the cluster of ${addresses.join(', ')}`,
    db: 0,
    tag,
    options: { ...options, ...leaveFormerPrimary, Connector: primaryConnector(search) },
  }
}

/** A server that answers like this is not the one that keeps the keys any more: another is found by connecting again. */
const FORMER = /^(READONLY|MOVED|ASK|CLUSTERDOWN) /
const leaveFormerPrimary = { reconnectOnError: ({ message }: Error) => FORMER.test(message) }

function endpoint(address: string): Endpoint {
  const { hostname, port } = new URL(`redis://${address}`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

const credentials = (username: string, password: string): RedisOptions => ({
  ...(username !== '' && { username }),
  ...(password !== '' && { password }),
})

function tlsFiles(settings: Settings): { ca?: string; cert?: string; key?: string } {
  const { REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key } = settings
  return {
    ...(ca !== '' && { ca: read('REDIS_TLS_CA_FILE', ca) }),
    ...(cert !== '' && { cert: read('REDIS_TLS_CERT_FILE', cert), key: read('REDIS_TLS_KEY_FILE', key) }),
  }
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`cannot read ${name} ${file}: ${(error as { code?: string }).code}`)
  }
}

/** What Redis was wanted for. */
interface RedisUse {
  readonly what: string
  /** The setting that limits the start. */
  readonly timeout: string
  /** What an ACL user must be allowed. */
  readonly permission: string
}

const FOR_LIMITS: RedisUse = {
  what: 'rate limits',
  timeout: 'REDIS_CONN_TIMEOUT',
  permission: 'allow the user of REDIS_USERNAME scripts, lists and keys beginning with ratelimit:',
}

/** One line for somebody who can only change settings. Messages of the driver stay out. */
export function redisStartError({ name, db }: RedisPlace, error: unknown, use = FOR_LIMITS): StartError {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  const known = DIAGNOSES.find(([sign]) => code.startsWith(sign) || message.startsWith(sign))
  const [, what, remedy] = known ?? ['', code === '' ? 'unexpected answer' : `error ${code}`, 'check REDIS_ADDR']
  const fill = (text: string) =>
    text.replace('<db>', String(db)).replace('<timeout>', use.timeout).replace('<permission>', use.permission)
  return new StartError(`failed to initialize ${use.what}: Redis at ${name}: ${fill(what)}; ${fill(remedy)}`)
}

/** The beginning of the error's code or message. */
const DIAGNOSES: readonly (readonly [sign: string, what: string, remedy: string])[] = [
  ['TIMEOUT', 'no answer within <timeout>', 'check REDIS_ADDR, or raise <timeout>'],
  ['ETIMEDOUT', 'no answer within <timeout>', 'check REDIS_ADDR, or raise <timeout>'],
  ['ECONNREFUSED', 'connection refused', 'check REDIS_ADDR, and that the server runs'],
  ['ENOTFOUND', 'host not found', 'check REDIS_ADDR'],
  ['EAI_AGAIN', 'host not found', 'check REDIS_ADDR'],
  ['EHOSTUNREACH', 'host unreachable', 'check REDIS_ADDR'],
  ['ECONNRESET', 'connection closed by the other side', 'check REDIS_ADDR and REDIS_TLS'],
  ['Connection is closed', 'connection closed by the other side', 'check REDIS_ADDR and REDIS_TLS'],
  ['WRONGPASS', 'login refused', 'check REDIS_USERNAME and REDIS_PASSWORD'],
  ['NOAUTH', 'it asks for a password', 'set REDIS_PASSWORD'],
  ['NOPERM', 'permission denied', '<permission>'],
  ['READONLY', 'it is a replica and takes no changes', 'set REDIS_ADDR to its primary'],
  ['OOM', 'it has no memory left', 'raise maxmemory, or set its maxmemory-policy to one that evicts'],
  ['MISCONF', 'it cannot save to its disk and takes no changes', 'see its log'],
  ['LOADING', 'it is still loading its data', 'start again when it has finished'],
  ['ERR DB index', 'it has no such database', 'REDIS_DB is <db>; choose a lower one'],
  [
    'NOPRIMARY',
    'most of them do not agree on a server',
    'check that all are listed and run, and REDIS_SENTINEL_MASTER',
  ],
  ['ERR This instance has cluster support disabled', 'it is no cluster', 'use REDIS_ADDR'],
  ['ERR unknown command', 'it is no Sentinel', 'check REDIS_SENTINEL_ADDRS'],
  ['UNABLE_TO_', 'its certificate is not trusted', 'check the certificate, and REDIS_TLS_CA_FILE'],
  ['DEPTH_ZERO_', 'its certificate is not trusted', 'check the certificate, and REDIS_TLS_CA_FILE'],
  ['SELF_SIGNED_', 'its certificate is not trusted', 'check the certificate, and REDIS_TLS_CA_FILE'],
  ['ERR_TLS_', 'its certificate is for another host', 'check REDIS_ADDR'],
]

/** Rejects with the code `TIMEOUT`, which `redisStartError` explains, when a start takes longer. */
export async function withinStart(limitMs: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(Object.assign(new Error('late'), { code: 'TIMEOUT' })), limitMs)
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
