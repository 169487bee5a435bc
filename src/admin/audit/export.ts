/**
 * `/admin/audit/export`: what the page's filters find as CSV.
 *
 * The file is made while it is read: one batch of records at a time, and the next only when the reader took the last.
 * An export that breaks off ends with a broken connection, so that half a file is not taken for a whole one.
 */
import { t } from 'elysia'
import { audit } from '../../audit/audit'
import { recordedFilter } from '../../audit/filter'
import { CSV_HEADER, csvLine } from '../../audit/formats'
import { countMatches, newestPlace, streamAuditRows } from '../../audit/query'
import type { AuditRow } from '../../audit/row'
import type { Context, RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { isUnavailable, logFailure } from '../../edge/failures'
import { dataHeaders } from '../../edge/security-headers'
import { requireRecentLogin } from '../../edge/step-up'
import { adminSurface } from '../../edge/surfaces/admin'
import type { BrowserSession } from '../../identity/sessions'
import { failureAnswer } from './api'
import { actorOf } from './recorded'
import { AUDIT_PATH, parametersOf, readAuditRequest } from './request'

/** Records of one file; whatever is older is left out, and the answer says so. */
const MOST_EXPORTED = 1_000_000
const BATCH = 500

const anyFields = t.Object({}, { additionalProperties: true })

export const auditExport = (context: Context) =>
  adminSurface(context).get(
    `${AUDIT_PATH}/export`,
    async ({ ctx, session, request }) => {
      requireRecentLogin(ctx, session)
      try {
        return await exportCsv(ctx, session, request)
      } catch (error) {
        if (isUnavailable(error)) throw error
        logFailure(ctx, request, error)
        return failureAnswer(ctx, 'Failed to retrieve audit logs')
      }
    },
    { query: anyFields, response: t.Any() },
  )

async function exportCsv(ctx: RequestContext, session: BrowserSession, request: Request): Promise<Response> {
  const { filter } = readAuditRequest(parametersOf(request), ctx.clock.now())
  const upTo = await newestPlace(ctx)
  const counted = upTo ? await countMatches(ctx, filter, upTo, MOST_EXPORTED) : 0
  const truncated = counted > MOST_EXPORTED
  const filters = recordedFilter(filter)
  const recorded = audit(ctx, {
    event: 'AUDIT_LOG_EXPORTED',
    action: 'Exported audit logs to CSV',
    actor: actorOf(session),
    details: { record_count: Math.min(counted, MOST_EXPORTED), ...(Object.keys(filters).length > 0 && { filters }) },
  })
  // Before the first line: nothing leaves without a trace.
  if (recorded.length > 0) await commit(ctx, recorded)
  const batches = upTo && streamAuditRows(ctx, filter, { upTo, batch: BATCH, limit: MOST_EXPORTED })
  return new Response(
    csvStream(batches, (error) => logFailure(ctx, request, error)),
    {
      headers: {
        ...dataHeaders(ctx.settings),
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': `attachment; filename="audit_logs_${new Date(ctx.clock.now()).toISOString().slice(0, 10)}.csv"`,
        'Cache-Control': 'no-store',
        Vary: 'Cookie',
        ...(truncated && { 'X-Audit-Truncated': 'true' }),
      },
    },
  )
}

function csvStream(
  batches: AsyncGenerator<readonly AuditRow[]> | undefined,
  failed: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let begun = false
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (!begun) {
          begun = true
          controller.enqueue(encoder.encode(CSV_HEADER))
          if (!batches) controller.close()
          return
        }
        try {
          const next = await batches?.next()
          if (!next || next.done) controller.close()
          else controller.enqueue(encoder.encode(next.value.map(csvLine).join('')))
        } catch (error) {
          failed(error)
          controller.error(error)
        }
      },
      // The reader went away.
      cancel: async () => {
        await batches?.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
}
