/** `authgate audit verify`. */
import { rfc3339 } from '../../audit/filter'
import { type Problem, type Verification, type VerifyOptions, verifyAuditTrail } from '../../audit/seals/verify'
import type { Context } from '../../context'
import type { Output } from '../output'
import { createProgress, type ProgressTarget } from '../progress'

/** Lines on problems; the rest is counted. */
const MOST_LINES = 100

/** Exit code: 0 when the trail is whole, 1 when not. Throws `DatabaseUnavailable`. */
export async function verify(
  ctx: Pick<Context, 'db' | 'secrets' | 'clock'>,
  { json, head }: { readonly json: boolean; readonly head?: VerifyOptions['head'] },
  output: Output,
  target: ProgressTarget,
): Promise<0 | 1> {
  const progress = createProgress(ctx.clock, target)
  const result = await verifyAuditTrail(ctx, {
    ...(head && { head }),
    onProgress: ({ batches, of, records }) => progress.show(batches, of, `${records} records`),
  })
  progress.end()
  if (json) output.out(JSON.stringify(jsonOf(result)))
  else for (const line of report(result)) output.out(line)
  return result.problemCount === 0 ? 0 : 1
}

const jsonOf = ({ problems, sealedUntil, head, ...counts }: Verification) => ({
  whole: counts.problemCount === 0,
  ...counts,
  ...(sealedUntil && { sealedUntil: rfc3339(sealedUntil) }),
  ...(head && { head: `${head.number}:${head.chain}` }),
  problems: problems.slice(0, MOST_LINES),
})

function* report(result: Verification): Generator<string> {
  const { problems, head, sealedUntil } = result
  for (const problem of problems.slice(0, MOST_LINES)) yield lineOf(problem)
  if (result.problemCount > MOST_LINES) yield `… and ${result.problemCount - MOST_LINES} more`
  if (!head || !sealedUntil) {
    yield `Nothing is sealed yet; records that wait to be sealed: ${result.unsealedRecords}`
    return
  }
  yield `batches: ${result.batches}, with ${result.records} records, sealed until ${rfc3339(sealedUntil)}`
  yield `deleted by retention: ${result.removedBatches} batches, with ${result.removedRecords} records`
  yield `arrived late: ${result.lateRecords} records, and ${result.waitingRecords} that wait to be sealed`
  yield `not sealed yet: ${result.unsealedRecords} records`
  if (result.oldBatches > 0)
    yield `sealed more than a day after their records: ${result.oldBatches} batches (imported, after a standstill, or sealed again)`
  yield `head: ${head.number}:${head.chain}`
  yield result.problemCount === 0 ? 'The audit trail is whole' : 'The audit trail was TAMPERED WITH'
}

const MEANINGS: Readonly<Record<Problem['kind'], string>> = {
  record_changed: 'a record was changed',
  record_missing: 'a record is missing',
  record_added: 'a record was added',
  seal_changed: 'the seal was changed',
  seal_missing: 'a seal is missing before or at this place of the chain',
  seal_forged: 'the seal, or its deletion, was not made by this server',
  seal_unknown_key: 'the seal was made under another SESSION_SECRET; give it as SESSION_SECRET_PREVIOUS',
  head_missing: 'the seal that was noted down is not there',
}

const lineOf = ({ kind, batch, record }: Problem): string =>
  `batch ${batch}: ${MEANINGS[kind]}${record === undefined ? '' : ` (${record})`}`
