/**
 * What the server does without being asked: deleting what has expired and what is older than its retention.
 *
 * Every process has the timers; the database decides which of them works, so a job runs once at a time however many
 * processes there are. Only the gauges are each process's own. A job that fails is logged and runs again at its next turn.
 */

import { countActivity } from '../activity/count'
import { createSealer, SEALS_LOCK, type Sealer } from '../audit/seals/sealer'
import type { Context } from '../context'
import { deliverLogoutNotices, hasDueLogoutNotices } from '../oauth/backchannel-logout/delivery'
import { deleteOldAuditRows, forgetsAudit } from './audit-retention'
import { deleteExpiredRows, eraseRefreshAnswers } from './expired-rows'
import { createRowGauges } from './row-gauges'

export interface Jobs {
  /** No iteration begins any more; resolves when a running one has come to its end, which it does after its batch. */
  stop(): Promise<void>
}

interface Job {
  readonly name: string
  readonly intervalMs: number
  /** Concerns the process itself: it runs in every one of them. */
  readonly everywhere?: boolean
  /** Asked before the right to work is: that costs a connection, and some jobs often have nothing to do. */
  isDue?(ctx: Context): Promise<boolean>
  work(ctx: Context, signal: AbortSignal): Promise<void>
}

const REFRESH_ANSWERS_INTERVAL_MS = 60_000
/** How long an application waits for the news of a logout. */
const LOGOUT_NOTICES_INTERVAL_MS = 2_000
const AUDIT_SEALS_INTERVAL_MS = 60_000
const ACTIVITY_INTERVAL_MS = 60_000

function jobsOf(ctx: Context): Job[] {
  const { settings } = ctx
  const jobs: Job[] = [
    { name: 'cleanup', intervalMs: settings.EXPIRED_TOKEN_CLEANUP_INTERVAL, work: cleanUp },
    {
      name: 'logout-notices',
      intervalMs: LOGOUT_NOTICES_INTERVAL_MS,
      isDue: hasDueLogoutNotices,
      work: deliverLogoutNotices,
    },
  ]
  if (settings.ENABLE_TOKEN_ROTATION || settings.REFRESH_ROTATION_PUBLIC_ONLY)
    jobs.push({ name: 'refresh-answers', intervalMs: REFRESH_ANSWERS_INTERVAL_MS, work: eraseRefreshAnswers })
  const sealer = createSealer(ctx)
  if (settings.ENABLE_AUDIT_LOGGING)
    jobs.push({
      name: SEALS_LOCK,
      intervalMs: AUDIT_SEALS_INTERVAL_MS,
      work: async (_, signal) => {
        await sealer.seal(signal)
      },
    })
  if (settings.ENABLE_AUDIT_LOGGING)
    jobs.push({ name: 'activity', intervalMs: ACTIVITY_INTERVAL_MS, work: countActivity })
  if (forgetsAudit(ctx))
    jobs.push({
      name: 'audit-retention',
      intervalMs: settings.AUDIT_LOG_CLEANUP_INTERVAL,
      work: (context, signal) => keepAuditShort(context, signal, sealer),
    })
  if (settings.METRICS_ENABLED && settings.METRICS_GAUGE_UPDATE_ENABLED)
    jobs.push({
      name: 'gauges',
      intervalMs: settings.METRICS_GAUGE_UPDATE_INTERVAL,
      everywhere: true,
      work: createRowGauges(ctx),
    })
  return jobs
}

async function cleanUp(ctx: Context, signal: AbortSignal): Promise<void> {
  const deleted = await deleteExpiredRows(ctx, signal)
  if (Object.keys(deleted).length > 0) ctx.log.info({ deleted }, 'Deleted expired rows')
}

async function keepAuditShort(ctx: Context, signal: AbortSignal, sealer: Sealer): Promise<void> {
  const deleted = await deleteOldAuditRows(ctx, signal, sealer)
  if (deleted > 0) ctx.log.info({ deleted }, `Cleaned up ${deleted} old audit logs`)
}

/**
 * Starts every job: its first turn comes at once. `ctx` is the server's own, without a request. `gauges` false: another
 * process counts for this one.
 */
export function startJobs(ctx: Context, { gauges = true }: { readonly gauges?: boolean } = {}): Jobs {
  const stopping = new AbortController()
  const jobs = jobsOf(ctx).filter(({ everywhere }) => gauges || !everywhere)
  const stops = jobs.map((job) => repeat(ctx, job, stopping.signal))
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

/** The longest a timer can wait; a longer delay would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Returns what resolves after the last iteration, once `signal` is aborted. */
function repeat(ctx: Context, job: Job, signal: AbortSignal): () => Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()

  const turn = () => {
    running = runOnce(ctx, job, signal).then(() => {
      if (!signal.aborted) timer = setTimeout(turn, spread(ctx, job.intervalMs))
    })
  }
  turn()
  return async () => {
    clearTimeout(timer)
    await running
  }
}

async function runOnce(ctx: Context, job: Job, signal: AbortSignal): Promise<void> {
  try {
    if (job.isDue && !(await job.isDue(ctx))) return
    if (job.everywhere) await job.work(ctx, signal)
    else await ctx.db.exclusively(job.name, false, () => job.work(ctx, signal))
  } catch (error) {
    ctx.log.error({ job: job.name, reason: reasonOf(error) }, 'Background job failed')
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Within a tenth of the interval, so that several processes do not all come at once. */
const spread = ({ random }: Context, intervalMs: number): number =>
  Math.min(intervalMs * (0.9 + random.fraction() * 0.2), LONGEST_DELAY_MS)
