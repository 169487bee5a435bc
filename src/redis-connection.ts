/** Where Redis is, and what it means when it cannot be used at start. */
import { isIP } from 'node:net'
import type { RedisOptions } from 'ioredis'
import type { Settings } from './config/settings'
import { StartError } from './start-error'

export interface RedisPlace {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly options: RedisOptions
}

const DEFAULT_PORT = 6379

/** `REDIS_ADDR` is `host:port`, or a URL; the other settings go before what the URL says. */
export function redisPlace(settings: Settings): RedisPlace {
  const address = settings.REDIS_ADDR
  const url = new URL(/^rediss?:\/\//i.test(address) ? address : `redis://${address}`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  const db = settings.REDIS_DB || Number(url.pathname.slice(1)) || 0
  const username = settings.REDIS_USERNAME || decodeURIComponent(url.username)
  const password = settings.REDIS_PASSWORD || decodeURIComponent(url.password)
  const tls = settings.REDIS_TLS || url.protocol === 'rediss:'
  return {
    host,
    port,
    db,
    options: {
      host,
      port,
      db,
      ...(username !== '' && { username }),
      ...(password !== '' && { password }),
      // Certificates of addresses are looked up without a name.
      ...(tls && { tls: isIP(host) ? {} : { servername: host } }),
    },
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
export function redisStartError({ host, port, db }: RedisPlace, error: unknown, use = FOR_LIMITS): StartError {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  const known = DIAGNOSES.find(([sign]) => code.startsWith(sign) || message.startsWith(sign))
  const [, what, remedy] = known ?? ['', code === '' ? 'unexpected answer' : `error ${code}`, 'check REDIS_ADDR']
  const fill = (text: string) =>
    text.replace('<db>', String(db)).replace('<timeout>', use.timeout).replace('<permission>', use.permission)
  return new StartError(`failed to initialize ${use.what}: Redis at ${host}:${port}: ${fill(what)}; ${fill(remedy)}`)
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
  ['UNABLE_TO_', 'its certificate is not trusted', 'check the certificate, or REDIS_TLS'],
  ['DEPTH_ZERO_', 'its certificate is not trusted', 'check the certificate, or REDIS_TLS'],
  ['SELF_SIGNED_', 'its certificate is not trusted', 'check the certificate, or REDIS_TLS'],
  ['ERR_TLS_', 'its certificate is for another host', 'check REDIS_ADDR'],
]
