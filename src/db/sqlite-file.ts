/** Whether a SQLite file is still where it was opened: SQLite goes on writing one that was removed or replaced. */
import { statSync } from 'node:fs'
import { DatabaseUnavailable } from './errors'

export interface FileCheck {
  /** Throws `DatabaseUnavailable` while another file, or none, stands in the place of one that is in use. */
  requireInPlace(): void
  /** The same, not more often than it is worth for a read. */
  requireLatelyInPlace(): void
}

const LATELY_MS = 50
/** What was committed and not yet moved into the database file is in the second of these. */
const SUFFIXES = ['', '-wal']

export function createFileCheck(path: string): FileCheck {
  /** By suffix; the log file exists from the first use on. */
  const known = new Map<string, string>()
  let checkedAt = Number.NEGATIVE_INFINITY
  let inPlace = true

  const isInPlace = (): boolean => {
    for (const suffix of SUFFIXES) {
      const identity = identityOf(path + suffix)
      const before = known.get(suffix)
      if (before === undefined) {
        if (identity) known.set(suffix, identity)
      } else if (identity !== before) return false
    }
    return true
  }

  const check = (): void => {
    checkedAt = performance.now()
    inPlace = isInPlace()
  }
  const requireIt = (): void => {
    if (!inPlace) throw new DatabaseUnavailable(MOVED)
  }
  check()

  return {
    requireInPlace: () => {
      check()
      requireIt()
    },
    requireLatelyInPlace: () => {
      if (performance.now() - checkedAt >= LATELY_MS) check()
      requireIt()
    },
  }
}

/** Undefined where nothing can be seen. */
function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}

/** As SQLite calls it where it notices by itself. */
const MOVED = 'SQLITE_READONLY_DBMOVED'
