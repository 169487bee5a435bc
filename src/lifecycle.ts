/**
 * The life of a server process: what is started in which order. `shutdown.ts` ends it.
 *
 * Start: database (connected, migrated, seeded), keys, audit writer, listeners, jobs. Nothing is served before the
 * database is ready.
 */
import type { Settings } from './config/settings'
import type { Context, Logger } from './context'
import { createContext } from './create-context'
import type { Database } from './db/database'
import { startJobs } from './jobs/jobs'
import type { ListenAddress } from './listen-address'
import { createMetricsHandler } from './metrics/endpoint'
import { databaseStartError, openPreparedStore, openStore } from './open-store'
import { seed } from './seed/seed'
import { type Listener, listen } from './serve'
import { createHandler } from './server'
import { shutDown } from './shutdown'
import { StartError } from './start-error'
import { rememberKeys } from './tokens/key-history'
import { hasKeyFiles, reloadKeys } from './tokens/reload-keys'
import { signingAdvice } from './tokens/signing-advice'
import type { WorkerParts } from './workers/shared-state'

export interface RunningServer {
  readonly ctx: Context
  readonly address: ListenAddress
  /** With `METRICS_ADDR`. */
  readonly metricsAddress: ListenAddress | undefined
  /** Reads keys and certificate again. Never throws: files that cannot serve change nothing. */
  reload(): void
  /**
   * Resolves to whether every step succeeded within its limit. Never throws. `others`: the port is shared with processes
   * that go on serving.
   */
  stop(how?: { readonly others?: boolean }): Promise<boolean>
}

export interface StartOptions {
  readonly settings: Settings
  readonly log: Logger
  readonly cwd: string
  /** Aborted when the process is told to end while it starts. */
  readonly cancelled: AbortSignal
  /** Present in a process that shares the port with others; its supervisor has prepared the database. */
  readonly worker?: WorkerParts
}

/** The database is ready and knows the keys. Throws `StartError`; nothing is left open then. */
export async function prepareServer(options: StartOptions): Promise<Context> {
  const { settings, log } = options
  const ctx = await prepareDatabase(options)
  const asStartError = (error: unknown): never => {
    throw databaseStartError(settings, error)
  }
  try {
    for (const { level, text } of ctx.keys.notices) log[level]({}, text)
    const keyWarning = await rememberKeys(ctx).catch(asStartError)
    if (keyWarning) log.warn({}, keyWarning)
    const advice = await signingAdvice(ctx).catch(asStartError)
    if (advice) log.warn({}, advice)
    return ctx
  } catch (error) {
    await ctx.db.close().catch(() => {})
    throw error
  }
}

const openPrepared = async ({ settings, log, worker }: StartOptions): Promise<Context> =>
  createContext(settings, { db: await openPreparedStore(settings, log), log, worker })

/** Throws `StartError`; what had been opened by then is closed again. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { settings, log, worker } = options
  const ctx = await (worker ? openPrepared(options) : prepareServer(options))
  try {
    await ctx.limits?.open?.()
    await ctx.caches.open()
    if (options.cancelled.aborted) throw new StartError(CANCELLED)
    const state = { draining: false }
    const handler = createHandler(ctx, { draining: () => state.draining })
    const metricsListener = worker ? undefined : listenForMetrics(ctx)
    const shared = worker !== undefined
    const listener = await orStop(metricsListener, () => listen(settings, handler, log, { shared }))
    const jobs = startJobs(ctx, { gauges: !worker || worker.number === 1 })
    const beginDraining = () => {
      state.draining = true
    }
    return {
      ctx,
      address: listener.address,
      metricsAddress: metricsListener?.address,
      reload: () => reload(ctx, [listener, ...(metricsListener ? [metricsListener] : [])]),
      stop: ({ others = false } = {}) => shutDown(ctx, { listener, metricsListener, jobs, beginDraining, others }),
    }
  } catch (error) {
    await ctx.caches.close().catch(() => {})
    await ctx.limits?.close?.().catch(() => {})
    await ctx.db.close().catch(() => {})
    throw error
  }
}

function reload(ctx: Context, listeners: readonly Listener[]): void {
  const { settings, log } = ctx
  if (settings.tls) for (const listener of listeners) listener.reload()
  if (hasKeyFiles(settings)) void reloadKeys(ctx)
  else if (!settings.tls) log.info({}, 'SIGHUP: nothing to reload, no certificate and no key comes from a file')
}

/** Whether the metrics are served where the public does not come. */
export const hasMetricsListener = ({ METRICS_ENABLED, METRICS_ADDR }: Settings): boolean =>
  METRICS_ENABLED && METRICS_ADDR !== ''

const listenForMetrics = (ctx: Context): Listener | undefined =>
  hasMetricsListener(ctx.settings)
    ? listen(ctx.settings, createMetricsHandler(ctx), ctx.log, { name: 'METRICS_ADDR' })
    : undefined

/** What was opened first is closed again when the next cannot be. */
async function orStop(first: Listener | undefined, next: () => Listener): Promise<Listener> {
  try {
    return next()
  } catch (error) {
    await first?.stop(0).catch(() => {})
    throw error
  }
}

const CANCELLED = 'cancelled by a signal'
/** How long a start that was cancelled may take to undo what it was doing. */
const CANCEL_GRACE_MS = 1_000

/** Connects, migrates and seeds within `DB_INIT_TIMEOUT`; taking over a large database may take longer. */
async function prepareDatabase({ settings, log, cwd, cancelled }: StartOptions): Promise<Context> {
  const { signal: limit, stop, restart } = startLimit(settings.DB_INIT_TIMEOUT)
  const ended = AbortSignal.any([cancelled, limit])
  let db: Database | undefined
  const prepare = async (): Promise<Context> => {
    db = await openStore(settings, log, { signal: cancelled, begins: stop, ended: restart })
    const ctx = createContext(settings, { db, log })
    try {
      await seed(ctx, { cwd, signal: ended })
    } catch (error) {
      throw databaseStartError(settings, error)
    }
    return ctx
  }
  const preparing = prepare()
  try {
    return await Promise.race([preparing, rejection(ended)])
  } catch (error) {
    await Promise.race([preparing.catch(() => {}), Bun.sleep(CANCEL_GRACE_MS)])
    await Promise.race([db?.close().catch(() => {}), Bun.sleep(CANCEL_GRACE_MS)])
    if (cancelled.aborted) throw new StartError(CANCELLED)
    if (limit.aborted)
      throw new StartError(
        `failed to initialize database: timeout, not ready within DB_INIT_TIMEOUT; ${settings.postgres ? 'check host and port in DATABASE_DSN, or raise DB_INIT_TIMEOUT' : 'another process may hold the file; raise DB_INIT_TIMEOUT'}`,
      )
    throw error
  } finally {
    stop()
  }
}

/** Timers take no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Aborts after so many milliseconds, not counting those between `stop` and `restart`, which begins anew. */
function startLimit(milliseconds: number): { signal: AbortSignal; stop(): void; restart(): void } {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => clearTimeout(timer)
  const restart = () => {
    stop()
    timer = setTimeout(() => controller.abort(), Math.min(milliseconds, LONGEST_TIMER_MS))
  }
  restart()
  return { signal: controller.signal, stop, restart }
}

const rejection = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const reason = () => reject(signal.reason)
    if (signal.aborted) reason()
    else signal.addEventListener('abort', reason, { once: true })
  })
