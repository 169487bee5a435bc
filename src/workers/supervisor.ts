/** The process that serves nothing itself: it prepares the database, starts the workers and counts for them. */
import type { RunningServer, StartOptions } from '../lifecycle'
import { hasMetricsListener, prepareServer } from '../lifecycle'
import { createMemoryLimits } from '../limits/memory'
import { listenAddress } from '../listen-address'
import { createMetricsHandler } from '../metrics/endpoint'
import { type Listener, listen } from '../serve'
import { runSteps, shutdownLimit } from '../shutdown'
import type { MetricSnapshot } from './messages'
import { createTeam } from './team'

export interface SupervisorOptions extends StartOptions {
  /** The settings as variables, those from files among them. */
  readonly environment: Readonly<Record<string, string>>
}

const METRICS_LIMIT_MS = 1_000
const MARGIN_MS = 2_000

/** Throws `StartError`; what had been started by then has ended. */
export async function startWorkers(options: SupervisorOptions): Promise<RunningServer> {
  const { settings, log, environment } = options
  const ctx = await prepareServer(options)
  const ownMetrics = async () => (await ctx.metrics.registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[]
  const count = settings.WORKERS
  const limitMs = shutdownLimit(settings)
  const team = createTeam({
    count,
    log,
    env: {
      ...environment,
      WORKERS: '1',
      // Generated ones too; an empty one means a mistake.
      ...(settings.JWT_SECRET !== '' && { JWT_SECRET: settings.JWT_SECRET }),
      SESSION_SECRET: settings.SESSION_SECRET,
      DB_MAX_OPEN_CONNS: String(Math.ceil(settings.DB_MAX_OPEN_CONNS / count)),
    },
    limits: createMemoryLimits({ clock: ctx.clock, sweepEveryMs: settings.RATE_LIMIT_CLEANUP_INTERVAL }),
    ownMetrics,
    leaveLimitMs: limitMs,
  })
  let metricsListener: Listener | undefined
  let replace = () => log.info({}, 'SIGUSR2 ignored while starting')
  process.on('SIGUSR2', () => replace())
  try {
    if (hasMetricsListener(settings)) {
      const metrics = { ...ctx.metrics, text: async () => team.metricsText(await ownMetrics()) }
      metricsListener = listen(settings, createMetricsHandler({ ...ctx, metrics }), log, { name: 'METRICS_ADDR' })
    }
    const address = listenAddress(await team.start())
    replace = () => {
      log.info({}, 'SIGUSR2: replacing the workers one by one')
      void team.replaceAll()
    }
    return {
      ctx,
      address,
      metricsAddress: metricsListener?.address,
      reload: () => {
        team.reload()
        metricsListener?.reload()
      },
      stop: () =>
        runSteps(log, [
          {
            starting: 'Stopping workers...',
            done: 'Workers stopped',
            failed: 'workers forced to stop',
            limitMs: limitMs + MARGIN_MS,
            run: () => team.stop(limitMs),
          },
          ...(metricsListener
            ? [
                {
                  starting: 'Shutting down metrics server...',
                  done: 'Metrics server exited',
                  failed: 'metrics server forced to shutdown',
                  limitMs: METRICS_LIMIT_MS + MARGIN_MS,
                  run: () => (metricsListener as Listener).stop(METRICS_LIMIT_MS),
                },
              ]
            : []),
          {
            starting: 'Closing database connection...',
            done: 'Database connection closed',
            failed: 'database close timeout',
            limitMs: settings.DB_CLOSE_TIMEOUT,
            run: () => ctx.db.close(),
          },
        ]),
    }
  } catch (error) {
    await metricsListener?.stop(0).catch(() => {})
    await ctx.db.close().catch(() => {})
    throw error
  }
}
