/** `authgate server`: one process, or the supervisor of several, from its configuration to its exit code. */
import { existsSync } from 'node:fs'
import { describeConfiguration } from '../config/describe'
import { type Configuration, ConfigurationError, type Environment, loadConfiguration } from '../config/load'
import type { Settings } from '../config/settings'
import { forgetSecrets, resolvedEnvironment } from '../config/sources'
import { watchForCrashes } from '../crashes'
import { relyingParty } from '../identity/passkeys/relying-party'
import { hasMetricsListener, type RunningServer, startServer } from '../lifecycle'
import { addressText } from '../listen-address'
import { type BufferedLogger, createLogger, errorText, sharedOutput } from '../log'
import { requireDatabaseFolder } from '../open-store'
import { credentialsPath } from '../seed/credentials-file'
import { requireFreeAddress } from '../serve'
import { openServiceManager } from '../service-manager'
import { listenToSignals } from '../signals'
import { StartError } from '../start-error'
import { version } from '../version'
import { startWorkers } from '../workers/supervisor'
import { openSupervisorLink } from '../workers/supervisor-link'
import { work } from '../workers/worker'
import { reportProblems } from './check'
import type { Output } from './output'

/** Exit code: 0 after an orderly shutdown, 1 when the start or a step of the shutdown failed. */
export async function server(env: Record<string, string | undefined>, cwd: string, output: Output): Promise<number> {
  const supervisor = openSupervisorLink(env)
  if (supervisor) return work(supervisor, cwd)
  let configuration: Configuration
  let environment: Readonly<Record<string, string>>
  try {
    configuration = configure(env, cwd)
    environment = resolvedEnvironment(env, cwd)
    forgetSecrets(env)
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else reportFailedStart(error, output)
    return 1
  }
  const { settings } = configuration
  const several = settings.WORKERS > 1
  const log = createLogger(settings, several ? sharedOutput() : undefined)
  try {
    const signals = listenToSignals(log)
    const crashed = watchForCrashes(log)
    const manager = await openServiceManager(env, log)
    logConfiguration(log, configuration)
    const options = { settings, log, cwd, cancelled: signals.end }
    const starting = several ? startWorkers({ ...options, environment }) : startServer(options)
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
  if (!relyingParty(settings))
    log.info({}, 'Passkeys are not offered: BASE_URL needs a host name, and https unless that is localhost')
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

function logStarted(log: BufferedLogger, { ctx, address, metricsAddress }: RunningServer, cwd: string): void {
  const { settings } = ctx
  const protocol = settings.tls ? 'HTTPS' : 'HTTP'
  log.info({}, `${protocol} server listening on ${addressText(address)}, public address ${settings.issuer}`)
  if (metricsAddress) log.info({}, `Metrics listening on ${addressText(metricsAddress)}`)
  log.info({}, `Verification URL: ${settings.issuer}/device`)
  const credentials = credentialsPath(settings, cwd)
  if (existsSync(credentials)) log.info({}, `Initial credentials are in ${credentials}: read it, keep them, delete it`)
  log.flush()
}

const giveUp = (): never => {
  throw new StartError('unexpected error, see the log')
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
