/** A checksum over the rows of a table that does not depend on their order. */
import { createHash } from 'node:crypto'
import type { LogicalRow } from './tables'

export interface TableChecksum {
  add(row: LogicalRow): void
  rows(): number
  /** 64 hexadecimal digits. */
  text(): string
}

const LANES = 4
const LANE_BITS = 64

/** The sum of the SHA-256 values of the rows, in four lanes. A row that is there twice counts twice. */
export function createChecksum(): TableChecksum {
  const sums = new BigUint64Array(LANES)
  let rows = 0
  return {
    add: (row) => {
      const digest = createHash('sha256')
        .update(JSON.stringify(row.map(canonical)))
        .digest()
      for (let lane = 0; lane < LANES; lane += 1)
        sums[lane] = BigInt.asUintN(LANE_BITS, (sums[lane] ?? 0n) + digest.readBigUInt64BE(lane * 8))
      rows += 1
    },
    rows: () => rows,
    text: () => [...sums].map((sum) => sum.toString(16).padStart(LANE_BITS / 4, '0')).join(''),
  }
}

/** PostgreSQL keeps the members of an object in an order of its own. */
function canonical(value: unknown): unknown {
  if (value instanceof Date) return value.getTime()
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, canonical(member)])
}
