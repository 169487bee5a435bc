/** A worker: one of the processes that serve, from its first message to its exit code. */
import { loadConfiguration } from '../config/load'
import { watchForCrashes } from '../crashes'
import { type RunningServer, startServer } from '../lifecycle'
import { addressText } from '../listen-address'
import { createLogger, errorText, sharedOutput } from '../log'
import { StartError } from '../start-error'
import { reloadKeys } from '../tokens/reload-keys'
import type { MetricSnapshot, ToWorker } from './messages'
import { createWorkerParts } from './shared-state'
import type { SupervisorLink } from './supervisor-link'

type Start = Extract<ToWorker, { kind: 'start' }>
type Ending = 'stop' | 'leave' | 'lost'

/** Exit code: 0 when the supervisor ended it and every step succeeded. */
export async function work(link: SupervisorLink, cwd: string): Promise<number> {
  const ending = endingOf(link)
  const start = await firstMessage(link)
  if (!start) return 1
  const { number, count, env } = start
  let running: RunningServer
  let crashed: Promise<void>
  let flush = () => {}
  try {
    const { settings } = loadConfiguration({ env, cwd, write: false, dotenv: false })
    const log = createLogger(settings, sharedOutput(), { worker: number })
    flush = log.flush
    crashed = watchForCrashes(log)
    const worker = createWorkerParts(link, { number, count })
    const starting = startServer({ settings, log, cwd, cancelled: ending.signal, worker })
    running = await Promise.race([starting, crashed.then(giveUp)])
  } catch (error) {
    flush()
    link.send({ kind: 'failed', reason: error instanceof StartError ? error.message : reasonOf(error) })
    await Bun.sleep(FAREWELL_MS)
    return 1
  }
  const { ctx, address } = running
  const snapshot = async () => (await ctx.metrics.registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[]
  link.on('reload', running.reload)
  link.on('reload_keys', () => void reloadKeys(ctx))
  link.on('collect', () => void snapshot().then((metrics) => link.send({ kind: 'collected', metrics })))
  link.send({ kind: 'ready', address: addressText(address) })
  ctx.log.info({ pid: process.pid }, 'Worker serves')
  await Promise.race([ending.begun, crashed])
  const how = ending.signal.aborted ? (ending.signal.reason as Ending) : 'leave'
  const succeeded = await running.stop({ others: how === 'leave' })
  const metrics = await snapshot()
  await link.ask((id) => ({ kind: 'collected', id, metrics }))
  flush()
  return succeeded && ending.signal.aborted && how !== 'lost' ? 0 : 1
}

/** For the channel to deliver what was sent last. */
const FAREWELL_MS = 50

const reasonOf = (error: unknown): string =>
  error instanceof Error && error.name === 'ConfigurationError' ? error.message : `unexpected error ${errorText(error)}`

const giveUp = (): never => {
  throw new StartError('unexpected error, see the log')
}

function firstMessage(link: SupervisorLink): Promise<Start | undefined> {
  return new Promise((resolve) => {
    link.on('start', resolve)
    link.lost.addEventListener('abort', () => resolve(undefined))
  })
}

/**
 * What ends a worker: the supervisor, or its absence. A signal goes to the supervisor, or has gone there already when it
 * was meant for all processes.
 */
function endingOf(link: SupervisorLink) {
  const controller = new AbortController()
  const begun = Promise.withResolvers<void>()
  const end = (how: Ending) => {
    controller.abort(how)
    begun.resolve()
  }
  link.on('ping', () => link.send({ kind: 'pong' }))
  link.on('stop', () => end('stop'))
  link.on('leave', () => end('leave'))
  link.lost.addEventListener('abort', () => end('lost'))
  for (const name of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(name, () => {})
  process.on('SIGTERM', () => link.send({ kind: 'signalled' }))
  return { signal: controller.signal, begun: begun.promise }
}
