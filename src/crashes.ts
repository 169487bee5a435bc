/** What happens when something that nobody foresaw goes wrong. */
import type { Logger } from './context'
import { errorText } from './log'

/** Resolves when the process cannot be trusted to go on. A forgotten rejection is a mistake, but harms one task only. */
export function watchForCrashes(log: Logger): Promise<void> {
  process.on('unhandledRejection', (error) => log.error(crashFields(error), 'Unhandled rejection'))
  return new Promise((resolve) => {
    process.on('uncaughtException', (error) => {
      log.error(crashFields(error), 'Uncaught exception, shutting down')
      resolve()
    })
  })
}

const MAX_FRAMES = 6

/** Name, code and place; never the message, which may quote what a driver or parser was given. */
function crashFields(error: unknown): Record<string, string> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '))
  return { error: errorText(error), at: frames.slice(0, MAX_FRAMES).join(' < ').replaceAll('    at ', '') }
}
