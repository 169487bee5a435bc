/** Tells somebody who waits how far a command is: a bar on a terminal, now and then a line elsewhere. */
import type { Clock, Logger } from '../context'

export interface ProgressTarget {
  /** Whether a line can be written over. */
  readonly terminal: boolean
  write(text: string): void
}

export interface Progress {
  /** `done` of `of`, and what to say of it; `of` is 0 where nobody knows how much there is. */
  show(done: number, of: number, text: string): void
  /** Leaves a clean line. */
  end(): void
}

/** Whoever waits shorter is not told anything. */
const SILENT_MS = 2_000
const BAR_INTERVAL_MS = 200
const LINE_INTERVAL_MS = 10_000
const BAR_WIDTH = 30

export const standardError: ProgressTarget = {
  terminal: process.stderr.isTTY === true,
  write: (text) => {
    process.stderr.write(text)
  },
}

/** Of a server that starts. */
export const logLines = (log: Logger, what: string): ProgressTarget => ({
  terminal: false,
  write: (line) => log.info({}, `${what}: ${line.trimEnd()}`),
})

export function createProgress(clock: Clock, target: ProgressTarget): Progress {
  let next = clock.now() + SILENT_MS
  let shown = 0
  return {
    show: (done, of, text) => {
      if (clock.now() < next) return
      next = clock.now() + (target.terminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)
      const known = of > 0
      const share = known ? Math.min(done / of, 1) : 0
      const percent = known ? `${Math.floor(share * 100)} %` : ''
      if (!target.terminal) {
        target.write(`${known ? `${percent}, ` : ''}${text}\n`)
        return
      }
      const full = Math.round(share * BAR_WIDTH)
      const line = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${percent.padStart(5)}  ${text}`
      target.write(`\r${line.padEnd(shown)}`)
      shown = line.length
    },
    end: () => {
      if (target.terminal && shown > 0) target.write(`\r${' '.repeat(shown)}\r`)
    },
  }
}
