/** Finds names that look like settings but are none. */
import { settingsTable } from './settings'

/** Names that older documentation mentions and nothing reads. */
const RETIRED: Readonly<Record<string, string>> = {
  LOGIN_RATE_LIMIT_BURST: 'limits have no burst',
  DEVICE_CODE_RATE_LIMIT_BURST: 'limits have no burst',
  TOKEN_RATE_LIMIT_BURST: 'limits have no burst',
  DEVICE_VERIFY_RATE_LIMIT_BURST: 'limits have no burst',
  DEVICE_CODE_EXPIRATION: 'device codes live 30 minutes',
  POLLING_INTERVAL: 'devices poll every 5 seconds',
  ENABLE_SESSION_FINGERPRINTING: 'use SESSION_FINGERPRINT',
  JWT_SIGNING_KEY: 'use JWT_SECRET or JWT_PRIVATE_KEY_PEM',
  GIN_MODE: 'use ENVIRONMENT',
}

const KNOWN = Object.entries(settingsTable).flatMap(([name, setting]) =>
  setting.secret ? [name, `${name}_FILE`] : [name],
)
const KNOWN_SET = new Set(KNOWN)
const SHORTEST_COMPARED = 6
const NEAR = 2

/** One warning for every retired name and for every name within two edits of a known one. */
export function unknownNameWarnings(names: Iterable<string>): string[] {
  const warnings: string[] = []
  for (const name of names) {
    if (KNOWN_SET.has(name)) continue
    const retired = RETIRED[name]
    if (retired) warnings.push(`${name} has no effect: ${retired}`)
    else if (name.length >= SHORTEST_COMPARED && /^[A-Z][A-Z0-9_]*$/.test(name)) {
      const near = KNOWN.find((known) => editDistance(name, known) <= NEAR)
      if (near) warnings.push(`${name} is not a setting; did you mean ${near}?`)
    }
  }
  return warnings
}

/** Levenshtein distance, given up as soon as it must exceed `NEAR`. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > NEAR) return NEAR + 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1
      const best = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + change,
      )
      current.push(best)
    }
    if (Math.min(...current) > NEAR) return NEAR + 1
    previous = current
  }
  return previous[b.length] as number
}
