/**
 * The end of a server process: readiness, listener and running requests, jobs, audit queue, traces, caches, Redis,
 * listener of the metrics, database. Every step has a limit of its own, and one that fails does not keep the next from
 * running.
 */
import type { Settings } from './config/settings'
import type { Context, Logger } from './context'
import type { Listener } from './serve'

export interface Step {
  readonly starting: string
  readonly done: string
  readonly failed: string
  readonly limitMs: number
  run(): Promise<void>
}

/** A running iteration ends after its batch, which takes milliseconds. */
const JOBS_LIMIT_MS = 5_000
/** A scrape takes milliseconds. */
const METRICS_LIMIT_MS = 1_000
/** The collector may be away; what was traced in the last seconds is not worth a longer wait. */
const TRACES_LIMIT_MS = 3_000
/** For the steps that watch their own limit: their account of what was left undone is better than a bare timeout. */
const MARGIN_MS = 1_000

export interface Running {
  readonly listener: Listener
  readonly metricsListener: Listener | undefined
  readonly jobs: { stop(): Promise<void> }
  beginDraining(): void
  /** Other processes go on serving the same port. */
  readonly others?: boolean
}

/** Longer than all steps together, in milliseconds. */
export const shutdownLimit = (settings: Settings): number =>
  settings.SHUTDOWN_DELAY +
  settings.SERVER_SHUTDOWN_TIMEOUT +
  settings.AUDIT_SHUTDOWN_TIMEOUT +
  settings.CACHE_CLOSE_TIMEOUT +
  settings.REDIS_CLOSE_TIMEOUT +
  settings.DB_CLOSE_TIMEOUT +
  JOBS_LIMIT_MS +
  TRACES_LIMIT_MS +
  10 * MARGIN_MS

function shutdownSteps(
  { settings, audit, db, limits, caches, traces }: Context,
  { listener, metricsListener, jobs, beginDraining, others = false }: Running,
): Step[] {
  // Late, so that the shutdown itself can be watched.
  const metricsStep: Step[] = metricsListener
    ? [
        {
          starting: 'Shutting down metrics server...',
          done: 'Metrics server exited',
          failed: 'metrics server forced to shutdown',
          limitMs: METRICS_LIMIT_MS + MARGIN_MS,
          run: () => metricsListener.stop(METRICS_LIMIT_MS),
        },
      ]
    : []
  return [
    ...(others ? [] : drainSteps(settings, beginDraining)),
    {
      starting: 'Shutting down server...',
      done: 'Server exited',
      failed: 'Server forced to shutdown',
      limitMs: settings.SERVER_SHUTDOWN_TIMEOUT + 2 * MARGIN_MS,
      run: () =>
        others ? listener.leave(settings.SERVER_SHUTDOWN_TIMEOUT) : listener.stop(settings.SERVER_SHUTDOWN_TIMEOUT),
    },
    {
      starting: 'Stopping background jobs...',
      done: 'Background jobs stopped',
      failed: 'background jobs stop timeout',
      limitMs: JOBS_LIMIT_MS,
      run: () => jobs.stop(),
    },
    {
      starting: 'Shutting down audit service...',
      done: 'Audit service shut down gracefully',
      failed: 'audit service failed to shut down',
      limitMs: settings.AUDIT_SHUTDOWN_TIMEOUT + MARGIN_MS,
      run: () => audit.stop(settings.AUDIT_SHUTDOWN_TIMEOUT),
    },
    ...traceSteps(traces),
    {
      starting: 'Closing caches...',
      done: 'Caches closed',
      failed: 'cache close timeout',
      limitMs: settings.CACHE_CLOSE_TIMEOUT,
      run: () => caches.close(),
    },
    ...redisSteps(settings, limits),
    ...metricsStep,
    {
      starting: 'Closing database connection...',
      done: 'Database connection closed',
      failed: 'database close timeout',
      limitMs: settings.DB_CLOSE_TIMEOUT,
      run: () => db.close(),
    },
  ]
}

const drainSteps = (settings: Settings, beginDraining: () => void): Step[] => [
  {
    starting: 'Readiness withdrawn',
    done: 'Draining over',
    failed: 'draining failed',
    limitMs: settings.SHUTDOWN_DELAY + MARGIN_MS,
    run: async () => {
      beginDraining()
      await Bun.sleep(settings.SHUTDOWN_DELAY)
    },
  },
]

const traceSteps = (traces: Context['traces']): Step[] =>
  traces
    ? [
        {
          starting: 'Sending traces...',
          done: 'Trace exporter stopped',
          failed: 'trace exporter stop timeout',
          limitMs: TRACES_LIMIT_MS + MARGIN_MS,
          run: () => traces.stop(TRACES_LIMIT_MS),
        },
      ]
    : []

const redisSteps = (settings: Settings, limits: Context['limits']): Step[] =>
  limits?.close
    ? [
        {
          starting: 'Closing Redis connection...',
          done: 'Redis connection closed',
          failed: 'Redis close timeout',
          limitMs: settings.REDIS_CLOSE_TIMEOUT,
          run: limits.close,
        },
      ]
    : []

/** Resolves to whether every step succeeded within its limit. Never throws. */
export const shutDown = (ctx: Context, running: Running): Promise<boolean> =>
  runSteps(ctx.log, shutdownSteps(ctx, running))

/** The same for steps of another process. */
export async function runSteps(log: Logger, steps: readonly Step[]): Promise<boolean> {
  let succeeded = true
  for (const step of steps) {
    log.info({}, step.starting)
    try {
      await within(step.limitMs, step.run())
      log.info({}, step.done)
    } catch (error) {
      succeeded = false
      log.error({}, `${step.failed}: ${(error as Error).message}`)
    }
  }
  return succeeded
}

/** Throws when `work` takes longer than `limitMs` milliseconds. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}
