/** `authgate audit export`: the records of a stretch of time, to standard output or to a new file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { audit } from '../../audit/audit'
import { recordedFilter } from '../../audit/filter'
import { auditJson, CSV_HEADER, csvLine } from '../../audit/formats'
import { countMatches, newestPlace, streamAuditRows } from '../../audit/query'
import { codeOf } from '../../config/sources'
import type { Context } from '../../context'
import { commit } from '../../db/commit'
import { COMMAND_LINE } from '../../users/administrators'
import type { Output } from '../output'
import { createProgress, type ProgressTarget } from '../progress'
import type { ExportInvocation } from './arguments'

/** Why nothing was exported, in a line that says what to do. */
export class ExportRefusal extends Error {}

const BATCH = 500
const STANDARD_OUTPUT = 1

/** Throws `ExportRefusal` and `DatabaseUnavailable`. The export itself is recorded before its first line. */
export async function exportRecords(
  ctx: Pick<Context, 'settings' | 'db' | 'clock' | 'random'>,
  { filter, format, out }: ExportInvocation,
  surroundings: { readonly cwd: string; readonly output: Output; readonly progress: ProgressTarget },
): Promise<void> {
  const upTo = await newestPlace(ctx)
  const count = upTo ? await countMatches(ctx, filter, upTo, Number.MAX_SAFE_INTEGER - 1) : 0
  const path = out === '' ? '' : resolve(surroundings.cwd, out)
  const descriptor = path === '' ? STANDARD_OUTPUT : create(path)
  try {
    const recorded = audit(ctx, {
      event: 'AUDIT_LOG_EXPORTED',
      action: 'Exported audit logs from the command line',
      actor: COMMAND_LINE,
      details: { record_count: count, format, filters: recordedFilter(filter) },
    })
    if (recorded.length > 0) await commit(ctx, recorded)
    const progress = createProgress(ctx.clock, surroundings.progress)
    let written = 0
    let open = format === 'jsonl' || writeAll(descriptor, CSV_HEADER)
    const line =
      format === 'csv' ? csvLine : (row: Parameters<typeof auditJson>[0]) => `${JSON.stringify(auditJson(row))}\n`
    if (upTo)
      for await (const rows of streamAuditRows(ctx, filter, { upTo, batch: BATCH, limit: Number.MAX_SAFE_INTEGER })) {
        open = open && writeAll(descriptor, rows.map(line).join(''))
        // Nobody reads any more.
        if (!open) break
        written += rows.length
        progress.show(written, count, `${written} records`)
      }
    progress.end()
    if (path !== '') surroundings.output.error(`${written} records written to ${path}`)
  } finally {
    if (descriptor !== STANDARD_OUTPUT) closeSync(descriptor)
  }
}

/** Readable for its owner only: records name people and addresses. */
function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') throw new ExportRefusal(`${path} exists and is not overwritten; name another file`)
    throw new ExportRefusal(`cannot write ${path}: ${code}`)
  }
}

/** False when the reader went away. Throws `ExportRefusal` when the disk is full. */
function writeAll(descriptor: number, text: string): boolean {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EPIPE') return false
      if (code !== 'EAGAIN') throw new ExportRefusal(`cannot write: ${code}`)
    }
  }
  return true
}
