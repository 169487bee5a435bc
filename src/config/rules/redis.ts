/** Where Redis is, and how it is reached. */
import { readFileSync } from 'node:fs'
import type { SettingName } from '../settings'
import { checkCertificates } from './certificates'
import type { Check } from './check'

const PLACES = ['REDIS_ADDR', 'REDIS_SENTINEL_ADDRS', 'REDIS_CLUSTER_ADDRS'] as const

/** Whether somebody wrote down where Redis is. */
export const hasRedisAddress = (given: ReadonlySet<SettingName>): boolean => PLACES.some((name) => given.has(name))

/** `host:port`, with an IPv6 address in brackets. */
const HOST_AND_PORT = /^(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/i

const isHostAndPort = (text: string): boolean => Number(HOST_AND_PORT.exec(text)?.[1] ?? 65_536) <= 65_535

export function checkRedis(check: Check, used: boolean): void {
  const { given, problem, warn } = check
  const named = PLACES.filter((name) => given.has(name))
  if (named.length > 1) problem(`${named.join(' and ')} exclude each other; set one of them`)
  checkAddress(check)
  checkLists(check)
  checkRedisTls(check)
  if (used && named.length === 0) warn('REDIS_ADDR is not set: localhost:6379 is used')
}

/** The address may hold a password, so it is never shown. */
function checkAddress({ values, problem }: Check): void {
  const address = values.REDIS_ADDR
  if (address.includes(',')) {
    problem(
      'REDIS_ADDR must be one address host:port or one redis:// URL; lists belong in REDIS_SENTINEL_ADDRS or REDIS_CLUSTER_ADDRS',
    )
    return
  }
  const isAddress = /^rediss?:\/\//i.test(address) ? URL.canParse(address) : isHostAndPort(address)
  if (!isAddress) problem('invalid REDIS_ADDR value (expected host:port, or a redis:// or rediss:// URL)')
}

function checkLists({ values, given, problem }: Check): void {
  for (const name of ['REDIS_SENTINEL_ADDRS', 'REDIS_CLUSTER_ADDRS'] as const) {
    if (given.has(name) && values[name].length === 0) problem(`${name} names no address; remove it or list host:port`)
    if (!values[name].every(isHostAndPort)) problem(`invalid ${name} value (expected host:port, separated by commas)`)
  }
  if (values.REDIS_SENTINEL_MASTER === '') problem('REDIS_SENTINEL_MASTER must name the primary the Sentinels watch')
  if (values.REDIS_CLUSTER_ADDRS.length > 0 && values.REDIS_DB !== 0)
    problem('REDIS_DB must be 0 with REDIS_CLUSTER_ADDRS: a cluster has one database')
}

function checkRedisTls(check: Check): void {
  const { values, problem, warn } = check
  checkCertificates(check, 'REDIS_TLS_CA_FILE')
  const { REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key } = values
  if ((cert === '') !== (key === '')) problem('REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE must be set together')
  checkCertificates(check, 'REDIS_TLS_CERT_FILE')
  if (key !== '') {
    try {
      readFileSync(key)
    } catch (error) {
      const { code } = error as { code?: string }
      problem(`cannot read REDIS_TLS_KEY_FILE ${key}: ${code}; it must name a file this user can read`)
    }
  }
  const withTls = values.REDIS_TLS || /^rediss:/i.test(values.REDIS_ADDR)
  if (!withTls && (values.REDIS_TLS_CA_FILE !== '' || cert !== ''))
    warn('REDIS_TLS_CA_FILE and REDIS_TLS_CERT_FILE have no effect without REDIS_TLS=true')
}
