/**
 * Walks the chain of seals and compares every record with what was sealed.
 *
 * The server may go on writing, sealing and deleting meanwhile: what looks wrong is looked at a second time.
 */
import type { Context } from '../../context'
import type { AuditRow } from '../row'
import { batchDigest, chainOf, decodeTags, encodeTags, type Sealable, sealable, tagOf } from './digest'
import { isAuthentic, isKnownKey, isRemovalAuthentic } from './keys'
import {
  BEGINNING,
  countRowsAfter,
  findLateSeals,
  findRowsOfRange,
  findSeal,
  findSealsAfter,
  newestSeal,
  type Place,
  type Seal,
} from './records'

export type ProblemKind =
  /** A record differs from what was sealed. */
  | 'record_changed'
  | 'record_missing'
  /** A record stands among sealed ones that was not there. */
  | 'record_added'
  | 'seal_changed'
  | 'seal_missing'
  /** Not made by a server with this secret. */
  | 'seal_forged'
  /** Made under a secret that is not given here. */
  | 'seal_unknown_key'
  /** The seal that was noted down elsewhere is not in the chain. */
  | 'head_missing'

export interface Problem {
  readonly kind: ProblemKind
  /** Number of the batch. */
  readonly batch: number
  /** Id of the record, where one can be named. */
  readonly record?: string
}

export interface Verification {
  readonly batches: number
  /** Sealed records that are there. */
  readonly records: number
  readonly removedBatches: number
  /** Records that retention deleted. */
  readonly removedRecords: number
  /** Records that were sealed after their neighbours. */
  readonly lateRecords: number
  /** Records among sealed ones that will be sealed as late. */
  readonly waitingRecords: number
  /** Records after the last seal. */
  readonly unsealedRecords: number
  /** Batches that were sealed more than a day after their records: imported, after a standstill, or sealed again. */
  readonly oldBatches: number
  /** The first thousand. */
  readonly problems: readonly Problem[]
  /** How many there are. */
  readonly problemCount: number
  readonly sealedUntil?: Date
  readonly head?: { readonly number: number; readonly chain: string }
}

export interface VerifyOptions {
  /** A seal noted down earlier: shows that the end of the chain was not cut off and made again. */
  readonly head?: { readonly number: number; readonly chain: string }
  readonly onProgress?: (done: { readonly batches: number; readonly of: number; readonly records: number }) => void
}

type VerifierContext = Pick<Context, 'db' | 'secrets'>

const DAY_MS = 24 * 3_600_000
/** More problems than these are counted and not listed: a trail may be lost as a whole. */
const LISTED_PROBLEMS = 1_000

/** Throws `DatabaseUnavailable`. */
export async function verifyAuditTrail(ctx: VerifierContext, options: VerifyOptions = {}): Promise<Verification> {
  const end = await newestSeal(ctx)
  const walk = await createWalk(ctx, end)
  const problems: Problem[] = []
  let problemCount = 0
  const add = (found: readonly Problem[]) => {
    problemCount += found.length
    problems.push(...found.slice(0, LISTED_PROBLEMS - problems.length))
  }
  const total = { batches: 0, records: 0, removedBatches: 0, removedRecords: 0, lateRecords: 0, oldBatches: 0 }
  let waitingRecords = 0
  let previous: Seal | undefined
  let start = BEGINNING
  let sealedUntil: Date | undefined

  for (let number = 0; number < (end?.number ?? 0); ) {
    const seals = (await findSealsAfter(ctx, number)).filter((seal) => seal.number <= (end?.number ?? 0))
    if (seals.length === 0) break
    for (const seal of seals) {
      add([...linkProblems(previous, seal), ...sealProblems(ctx, seal), ...headProblems(options.head, seal)])
      const records = await walk.check(seal, start)
      add(records.problems)
      waitingRecords += records.waiting
      total.batches += 1
      if (seal.removedAt) {
        total.removedBatches += 1
        total.removedRecords += seal.rowCount
      } else {
        total.records += seal.rowCount
        if (seal.kind === 'late') total.lateRecords += seal.rowCount
      }
      if (seal.lastTime && seal.sealedAt.getTime() - seal.lastTime.getTime() > DAY_MS) total.oldBatches += 1
      if (seal.kind === 'regular' && seal.lastTime) {
        start = { time: seal.lastTime, id: seal.lastId }
        sealedUntil = seal.lastTime
      }
      previous = seal
      number = seal.number
      options.onProgress?.({ batches: total.batches, of: end?.number ?? 0, records: total.records })
    }
  }
  if (options.head && options.head.number > (end?.number ?? 0))
    add([{ kind: 'head_missing', batch: options.head.number }])
  return {
    ...total,
    waitingRecords,
    unsealedRecords: await countRowsAfter(ctx, start),
    problems,
    problemCount,
    ...(sealedUntil && { sealedUntil }),
    ...(end && { head: { number: end.number, chain: end.chain } }),
  }
}

function linkProblems(previous: Seal | undefined, seal: Seal): Problem[] {
  const expected = (previous?.number ?? 0) + 1
  if (seal.number > expected) return [{ kind: 'seal_missing', batch: expected }]
  return seal.previous === (previous?.chain ?? '') ? [] : [{ kind: 'seal_missing', batch: seal.number }]
}

function sealProblems(ctx: VerifierContext, seal: Seal): Problem[] {
  const problems: Problem[] = []
  const { number: batch } = seal
  if (chainOf(seal) !== seal.chain) problems.push({ kind: 'seal_changed', batch })
  if (!isAuthentic(ctx, seal))
    problems.push({ kind: isKnownKey(ctx, seal) ? 'seal_forged' : 'seal_unknown_key', batch })
  else if (seal.removedAt && !isRemovalAuthentic(ctx, seal)) problems.push({ kind: 'seal_forged', batch })
  return problems
}

const headProblems = (head: VerifyOptions['head'], seal: Seal): Problem[] =>
  head && head.number === seal.number && head.chain !== seal.chain ? [{ kind: 'head_missing', batch: seal.number }] : []

interface Found {
  readonly problems: readonly Problem[]
  readonly waiting: number
}

interface Walk {
  /** Compares the records of a seal. Seals must come in their order. */
  check(seal: Seal, start: Place): Promise<Found>
}

/** Late records stand in the ranges of earlier seals: they are put aside on the way, for the seal that lists them. */
async function createWalk(ctx: VerifierContext, end: Seal | undefined): Promise<Walk> {
  const settledThrough = end?.settledThrough ?? 0
  const asideOf = new Map<number, Map<string, Sealable>>()
  let lateSealOf = await lateSealsById(ctx)

  const putAside = (number: number, record: Sealable) => {
    const aside = asideOf.get(number) ?? new Map<string, Sealable>()
    asideOf.set(number, aside.set(record.id, record))
  }

  const compare = async (seal: Seal, start: Place): Promise<Found> => {
    if (seal.kind === 'late') {
      if (seal.removedAt) return { problems: [], waiting: 0 }
      const aside = asideOf.get(seal.number) ?? new Map<string, Sealable>()
      return judge(
        seal,
        (seal.lateIds ?? []).flatMap((id) => aside.get(id) ?? []),
        true,
      )
    }
    const own: Sealable[] = []
    for (const record of (await rowsOf(ctx, start, seal)).map(sealable)) {
      const late = lateSealOf.get(record.id)
      if (late !== undefined && late > seal.number) putAside(late, record)
      else own.push(record)
    }
    return judge(seal, own, seal.number <= settledThrough)
  }

  return {
    check: async (seal, start) => {
      const found = await compare(seal, start)
      if (found.problems.length === 0) return found
      // Retention or a late batch may have come between.
      lateSealOf = await lateSealsById(ctx)
      return compare((await findSeal(ctx, seal.number)) ?? seal, start)
    },
  }
}

const rowsOf = (ctx: VerifierContext, start: Place, seal: Seal): Promise<AuditRow[]> =>
  findRowsOfRange(ctx, start, seal)

async function lateSealsById(ctx: VerifierContext): Promise<Map<string, number>> {
  const seals = await findLateSeals(ctx)
  return new Map(seals.flatMap(({ number, ids }) => (ids ?? []).map((id): [string, number] => [id, number])))
}

/** Compares the records that are there with those that were sealed. */
function judge(seal: Seal, records: readonly Sealable[], settled: boolean): Found {
  const { number: batch } = seal
  if (seal.removedAt)
    return { problems: records.map(({ id }) => ({ kind: 'record_added', batch, record: id })), waiting: 0 }
  if (records.length === seal.rowCount && batchDigest(records) === seal.digest)
    return { problems: encodeTags(records) === seal.tags ? [] : [{ kind: 'seal_changed', batch }], waiting: 0 }

  const expected = new Map(decodeTags(seal.tags ?? '').map(({ id, record }) => [id, record]))
  const problems: Problem[] = []
  const sealed: Sealable[] = []
  let waiting = 0
  for (const record of records) {
    const tag = tagOf(record)
    const known = expected.get(tag.id)
    expected.delete(tag.id)
    if (known === undefined) {
      if (settled) problems.push({ kind: 'record_added', batch, record: record.id })
      else waiting += 1
      continue
    }
    sealed.push(record)
    if (known !== tag.record) problems.push({ kind: 'record_changed', batch, record: record.id })
  }
  for (const _ of expected) problems.push({ kind: 'record_missing', batch })
  if (problems.length === 0 && batchDigest(sealed) !== seal.digest) problems.push({ kind: 'record_changed', batch })
  return { problems, waiting }
}
