/** What the outside may tell the process: end (SIGINT, SIGTERM), or read keys and certificate again (SIGHUP). */
import type { Logger } from './context'

export interface Signals {
  /** Aborted by the first signal to end. Later ones are logged and change nothing: a running shutdown is finished. */
  readonly end: AbortSignal
  /** What SIGHUP does; until it is set, SIGHUP is only logged. */
  onReload(reload: () => void): void
}

export function listenToSignals(log: Logger): Signals {
  const ending = new AbortController()
  let reload = () => log.info({}, 'SIGHUP ignored while starting')
  const end = (name: NodeJS.Signals) => {
    if (ending.signal.aborted) {
      log.info({ signal: name }, 'Already shutting down, signal ignored')
      return
    }
    log.info({ signal: name }, 'Signal received')
    ending.abort(name)
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  process.on('SIGHUP', () => reload())
  return {
    end: ending.signal,
    onReload: (action) => {
      reload = action
    },
  }
}
