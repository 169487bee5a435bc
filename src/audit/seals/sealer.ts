/**
 * Seals finished stretches of the audit trail: tamper evidence that costs the writers of records nothing.
 *
 * Records are taken in their order once they are older than `MARGIN_MS`, by when every process has written what it had,
 * and each batch is chained to the one before. What arrives later all the same (a queue that waited for its database, a
 * clock that is behind) is sealed in a batch of its own, up to `LATE_MS` after its neighbours; after that, a record in
 * the past is one that somebody added.
 *
 * The callers see to it that one process works at a time; if two do, the primary key lets one of them have the number.
 */
import { type Context, now } from '../../context'
import { commit, Duplicate, run } from '../../db/commit'
import type { AuditRow } from '../row'
import { batchDigest, chainOf, decodeTags, encodeTags, type Sealable, sealable, tagOf } from './digest'
import { currentKeyId, isAuthentic, isRemovalAuthentic, removalMac, sealMac } from './keys'
import {
  countRowsOfRange,
  endBefore,
  findRowsOfRange,
  findSealsAfter,
  findSealsUnderOtherKeys,
  findUnsealedRows,
  insertSeal,
  newestSeal,
  type Place,
  rekeySeal,
  type Seal,
} from './records'

/** The name under which processes take turns in working on seals. */
export const SEALS_LOCK = 'audit-seals'

export const MARGIN_MS = 5 * 60_000
/** How long after its neighbours were sealed a record may arrive. */
export const LATE_MS = 60 * 60_000
export const BATCH_RECORDS = 1_000
/** A batch that is not full is sealed when its first record waits this long: quiet servers make few seals. */
const PARTIAL_MS = 10 * 60_000
/** Records of one batch lie in one hour, so that retention deletes whole batches close to its time. */
const HOUR_MS = 3_600_000
const PAUSE_MS = 5

export interface Sealed {
  readonly batches: number
  readonly records: number
  readonly late: number
}

type SealerContext = Pick<Context, 'db' | 'clock' | 'secrets' | 'log'>

export interface Sealer {
  /** Seals all that is due, or until `signal` is aborted. Throws `DatabaseUnavailable`. */
  seal(signal: AbortSignal): Promise<Sealed>
}

/** A sealer remembers its last seal: seals that vanish from the database while it runs are noticed. */
export function createSealer(ctx: SealerContext): Sealer {
  let last: Pick<Seal, 'number' | 'chain' | 'settledThrough'> | undefined
  let rekeyed = false

  const append = async (batch: Batch): Promise<Seal> => {
    const seal = sealOf(ctx, batch, last)
    await commit(ctx, [run(insertSeal, seal)])
    last = seal
    return seal
  }

  const work = async (signal: AbortSignal): Promise<Sealed> => {
    const newest = await newestSeal(ctx)
    if (
      last &&
      (!newest || newest.number < last.number || (newest.number === last.number && newest.chain !== last.chain))
    )
      ctx.log.error({ number: last.number, chain: last.chain }, 'Seals of the audit trail were changed or are missing')
    else last = newest
    const sealed = { batches: 0, records: 0, late: 0 }

    const { late, settledThrough } = await lateRecords(ctx, last?.settledThrough ?? 0, signal)
    if (late.length > 0) {
      await append({ kind: 'late', rows: late, settledThrough })
      sealed.batches += 1
      sealed.late = late.length
    }
    let start = await endBefore(ctx, Number.MAX_SAFE_INTEGER)
    while (!signal.aborted) {
      const rows = await dueRecords(ctx, start)
      if (rows.length === 0) break
      const seal = await append({ kind: 'regular', rows, settledThrough })
      start = { time: seal.lastTime ?? start.time, id: seal.lastId }
      sealed.batches += 1
      sealed.records += rows.length
      await Bun.sleep(PAUSE_MS)
    }
    // Nothing new carried the news that older batches are closed: it gets a seal of its own, once.
    if (last && settledThrough > last.settledThrough) await append({ kind: 'late', rows: [], settledThrough })
    return sealed
  }

  return {
    seal: async (signal) => {
      try {
        if (!rekeyed) await rekey(ctx)
        rekeyed = true
        const sealed = await work(signal)
        if (sealed.batches > 0)
          ctx.log.info({ ...sealed, number: last?.number, chain: last?.chain }, 'Audit trail sealed')
        return sealed
      } catch (error) {
        // Another process was faster.
        if (error instanceof Duplicate) return { batches: 0, records: 0, late: 0 }
        throw error
      }
    },
  }
}

interface Batch {
  readonly kind: Seal['kind']
  readonly rows: readonly AuditRow[]
  readonly settledThrough: number
}

function sealOf(
  ctx: Pick<Context, 'clock' | 'secrets'>,
  { kind, rows, settledThrough }: Batch,
  before: Pick<Seal, 'number' | 'chain'> | undefined,
): Seal {
  const records = rows.map(sealable)
  const [first, last] = [rows.at(0), rows.at(-1)]
  const content = {
    number: (before?.number ?? 0) + 1,
    kind,
    firstTime: first?.eventTime ?? null,
    firstId: first?.id ?? '',
    lastTime: last?.eventTime ?? null,
    lastId: last?.id ?? '',
    rowCount: rows.length,
    digest: batchDigest(records),
    lateIds: kind === 'late' ? rows.map(({ id }) => id) : null,
    settledThrough,
    sealedAt: now(ctx),
    previous: before?.chain ?? '',
  }
  const chain = chainOf(content)
  return {
    ...content,
    tags: encodeTags(records),
    chain,
    keyId: currentKeyId(ctx),
    mac: sealMac(ctx, chain),
    removedAt: null,
    removalMac: null,
  }
}

/** The next regular batch after `start`; empty while it is not due. */
async function dueRecords(ctx: Pick<Context, 'db' | 'clock'>, start: Place): Promise<AuditRow[]> {
  const until = new Date(ctx.clock.now() - MARGIN_MS)
  const rows = await findUnsealedRows(ctx, start, until, BATCH_RECORDS)
  const [first] = rows
  if (!first) return []
  const hourEnd = (Math.floor(first.eventTime.getTime() / HOUR_MS) + 1) * HOUR_MS
  const ofHour = rows.filter(({ eventTime }) => eventTime.getTime() < hourEnd)
  const complete = rows.length === BATCH_RECORDS || ofHour.length < rows.length || hourEnd <= until.getTime()
  return complete || first.eventTime.getTime() <= until.getTime() - PARTIAL_MS ? ofHour : []
}

interface Late {
  readonly late: readonly AuditRow[]
  readonly settledThrough: number
}

/** Looks once at each batch that was sealed `LATE_MS` ago: what lies in its range beside what it holds is late. */
async function lateRecords(ctx: SealerContext, settled: number, signal: AbortSignal): Promise<Late> {
  const before = ctx.clock.now() - LATE_MS
  const late: AuditRow[] = []
  let settledThrough = settled
  while (!signal.aborted && late.length < BATCH_RECORDS) {
    const seals = await findSealsAfter(ctx, settledThrough)
    const young = seals.findIndex(({ sealedAt }) => sealedAt.getTime() > before)
    const due = young === -1 ? seals : seals.slice(0, young)
    if (due.length === 0) break
    for (const seal of due) {
      if (seal.kind === 'regular' && seal.removedAt === null) late.push(...(await latecomersOf(ctx, seal)))
      settledThrough = seal.number
      if (late.length >= BATCH_RECORDS) break
    }
    await Bun.sleep(PAUSE_MS)
  }
  return { late, settledThrough }
}

async function latecomersOf(ctx: SealerContext, seal: Seal): Promise<AuditRow[]> {
  const start = await endBefore(ctx, seal.number)
  if ((await countRowsOfRange(ctx, start, seal)) <= seal.rowCount) return []
  const known = new Set(decodeTags(seal.tags ?? '').map(({ id }) => id))
  const rows = await findRowsOfRange(ctx, start, seal)
  return rows.filter((row) => !known.has(idTagOf(row)))
}

const idTagOf = (row: AuditRow): string => tagOf({ id: row.id, digest: '' } satisfies Sealable).id

/** After a change of the server's secret, what was sealed under the former one is authenticated under the new one. */
async function rekey(ctx: SealerContext): Promise<void> {
  const keyId = currentKeyId(ctx)
  let rekeyed = 0
  for (let number = 0; ; ) {
    const seals = await findSealsUnderOtherKeys(ctx, keyId, number)
    const statements = seals
      .filter((seal) => isAuthentic(ctx, seal) && (seal.removedAt === null || isRemovalAuthentic(ctx, seal)))
      .map((seal) =>
        run(rekeySeal, {
          number: seal.number,
          keyId,
          mac: sealMac(ctx, seal.chain),
          formerMac: seal.mac,
          removalMac: seal.removedAt && removalMac(ctx, seal.chain, seal.removedAt),
        }),
      )
    if (statements.length > 0) await commit(ctx, statements)
    rekeyed += statements.length
    number = seals.at(-1)?.number ?? number
    if (seals.length === 0) break
  }
  if (rekeyed > 0) ctx.log.info({ seals: rekeyed }, 'Seals of the audit trail taken over under the new SESSION_SECRET')
}
