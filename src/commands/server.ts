/** `authgate server`: one process, from its configuration to its exit code. */
import { existsSync } from 'node:fs'
import { describeConfiguration } from '../config/describe'
import { type Configuration, ConfigurationError, type Environment, loadConfiguration } from '../config/load'
import type { Settings } from '../config/settings'
import { forgetSecrets } from '../config/sources'
import { hasMetricsListener, type RunningServer, startServer } from '../lifecycle'
import { addressText } from '../listen-address'
import { type BufferedLogger, createLogger, errorText } from '../log'
import { requireDatabaseFolder } from '../open-store'
import { credentialsPath } from '../seed/credentials-file'
import { requireFreeAddress } from '../serve'
import { openServiceManager } from '../service-manager'
import { listenToSignals } from '../signals'
import { StartError } from '../start-error'
import { version } from '../version'
import { reportProblems } from './check'
import type { Output } from './output'

/** Exit code: 0 after an orderly shutdown, 1 when the start or a step of the shutdown failed. */
export async function server(env: Record<string, string | undefined>, cwd: string, output: Output): Promise<number> {
  let configuration: Configuration
  try {
    configuration = configure(env, cwd)
    forgetSecrets(env)
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else reportFailedStart(error, output)
    return 1
  }
  const { settings } = configuration
  const log = createLogger(settings)
  try {
    const signals = listenToSignals(log)
    const crashed = watchForCrashes(log)
    const manager = await openServiceManager(env, log)
    logConfiguration(log, configuration)
    const starting = startServer({ settings, log, cwd, cancelled: signals.end })
    const running = await Promise.race([starting, crashed.then(giveUp)])
    signals.onReload(running.reload)
    logStarted(log, running, cwd)
    manager.ready(running.ctx.db)
    await Promise.race([aborted(signals.end), crashed])
    manager.stopping()
    const succeeded = await running.stop()
    return succeeded && signals.end.aborted ? 0 : 1
  } catch (error) {
    log.flush()
    reportFailedStart(error, output)
    return 1
  } finally {
    log.flush()
  }
}

/** Looks before anything is written: a start that cannot succeed leaves no new file behind. */
function configure(env: Environment, cwd: string): Configuration {
  const { settings } = loadConfiguration({ env, cwd, write: false })
  requireFreeAddress(settings, 'SERVER_ADDR')
  if (hasMetricsListener(settings)) requireFreeAddress(settings, 'METRICS_ADDR')
  requireDatabaseFolder(settings)
  return loadConfiguration({ env, cwd, write: true })
}

function reportFailedStart(error: unknown, output: Output): void {
  const reason = error instanceof StartError ? error.message : `unexpected error ${errorText(error)}`
  output.error(`Failed to start server: ${reason}`)
}

function logConfiguration(log: BufferedLogger, configuration: Configuration): void {
  const { settings, warnings } = configuration
  log.info(
    { pid: process.pid },
    `AuthGate ${version} starting in ${settings.production ? 'production' : 'development'} mode`,
  )
  log.info(givenSettings(configuration), 'Settings given')
  for (const warning of warnings) log.warn({}, warning)
  log.info({}, `Authentication mode: ${settings.AUTH_MODE}`)
  if (settings.AUTH_MODE === 'http_api')
    log.info({}, `HTTP API authentication enabled: ${addressOnly(settings.HTTP_API_URL)}`)
  log.info({}, `Database: ${databaseText(settings)}`)
}

/** Explicit settings, secrets masked. */
function givenSettings(configuration: Configuration): Record<string, string> {
  const lines = describeConfiguration(configuration).map((line) => /^\* (\w+)=(.*)$/s.exec(line))
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1], match[2]]] : [])))
}

/** Without what may be a secret: user, password and query. */
function addressOnly(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

const databaseText = ({ postgres, sqlite }: Settings): string =>
  postgres ? `PostgreSQL at ${postgres.hosts.join(',')}` : `SQLite file ${sqlite?.path}`

function logStarted(log: BufferedLogger, { ctx, listener, metricsListener }: RunningServer, cwd: string): void {
  const { settings } = ctx
  const protocol = settings.tls ? 'HTTPS' : 'HTTP'
  log.info({}, `${protocol} server listening on ${addressText(listener.address)}, public address ${settings.issuer}`)
  if (metricsListener) log.info({}, `Metrics listening on ${addressText(metricsListener.address)}`)
  log.info({}, `Verification URL: ${settings.issuer}/device`)
  const credentials = credentialsPath(settings, cwd)
  if (existsSync(credentials)) log.info({}, `Initial credentials are in ${credentials}: read it, keep them, delete it`)
  log.flush()
}

/** Resolves when the process cannot be trusted to go on. A forgotten rejection is a mistake, but harms one task only. */
function watchForCrashes(log: BufferedLogger): Promise<void> {
  process.on('unhandledRejection', (error) => log.error(crashFields(error), 'Unhandled rejection'))
  return new Promise((resolve) => {
    process.on('uncaughtException', (error) => {
      log.error(crashFields(error), 'Uncaught exception, shutting down')
      resolve()
    })
  })
}

const giveUp = (): never => {
  throw new StartError('unexpected error, see the log')
}

const MAX_FRAMES = 6

/** Name, code and place; never the message, which may quote what a driver or parser was given. */
function crashFields(error: unknown): Record<string, string> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '))
  return { error: errorText(error), at: frames.slice(0, MAX_FRAMES).join(' < ').replaceAll('    at ', '') }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
