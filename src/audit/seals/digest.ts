/** What a seal is computed of: records and seals as bytes that are the same on both databases and at any time. */
import { sha256Hex } from '../../secrets'
import type { AuditRow } from '../row'
import type { Seal } from './records'

/** SHA-256 of a record, hexadecimal. Every column is part of it. */
export const recordDigest = (row: AuditRow): string =>
  sha256Hex(
    JSON.stringify([
      'authgate audit record 1',
      ...[row.id, row.eventType, row.eventTime.getTime(), row.severity],
      ...[row.actorUserId, row.actorUsername, row.actorIp],
      ...[row.resourceType, row.resourceId, row.resourceName, row.clientId],
      ...[row.action, ordered(row.details), row.success, row.errorMessage],
      ...[row.userAgent, row.requestPath, row.requestMethod, row.requestId],
      row.createdAt.getTime(),
    ]),
  )

/** Members in the order of their names: PostgreSQL keeps them in another order than they were written in. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return members.map(([name, inner]) => [name, ordered(inner)])
}

/** A record as a seal knows it. */
export interface Sealable {
  readonly id: string
  readonly digest: string
}

export const sealable = (row: AuditRow): Sealable => ({ id: row.id, digest: recordDigest(row) })

export const batchDigest = (records: readonly Sealable[]): string =>
  sha256Hex(records.map(({ digest }) => digest).join('\n'))

const TAG_BYTES = 8
const TAG_HEX = TAG_BYTES * 2

export interface Tag {
  readonly id: string
  readonly record: string
}

export const tagOf = ({ id, digest }: Sealable): Tag => ({
  id: sha256Hex(id).slice(0, TAG_HEX),
  record: digest.slice(0, TAG_HEX),
})

export const encodeTags = (records: readonly Sealable[]): string =>
  Buffer.from(
    records
      .map(tagOf)
      .map(({ id, record }) => id + record)
      .join(''),
    'hex',
  ).toString('base64')

export function decodeTags(encoded: string): Tag[] {
  const hex = Buffer.from(encoded, 'base64').toString('hex')
  return Array.from({ length: Math.floor(hex.length / (2 * TAG_HEX)) }, (_, index) => {
    const start = index * 2 * TAG_HEX
    return { id: hex.slice(start, start + TAG_HEX), record: hex.slice(start + TAG_HEX, start + 2 * TAG_HEX) }
  })
}

type Chained = Omit<Seal, 'tags' | 'chain' | 'keyId' | 'mac' | 'removedAt' | 'removalMac'>

/** What the next seal refers to, and what is authenticated. */
export const chainOf = (seal: Chained): string =>
  sha256Hex(
    JSON.stringify([
      'authgate audit seal 1',
      ...[seal.number, seal.kind],
      ...[seal.firstTime?.getTime() ?? null, seal.firstId, seal.lastTime?.getTime() ?? null, seal.lastId],
      ...[seal.rowCount, seal.digest, seal.lateIds, seal.settledThrough],
      ...[seal.sealedAt.getTime(), seal.previous],
    ]),
  )
