/** Suites that need something this machine may not have: skipped by name, never silently, and a failure in CI. */
import { describe } from 'bun:test'
import { hasPart, PARTS, type Part } from './parts'

/**
 * A `describe` for suites that need the given parts. Where one is missing, the suite is skipped under a name that says
 * so: `suiteNeeds('postgresql', 'redis')('two instances', () => { … })`.
 *
 * @throws when a part is missing and `CI=true`: a suite that never runs in CI protects nothing.
 */
export function suiteNeeds(...parts: Part[]): (name: string, body: () => void) => void {
  const missing = parts.filter((part) => !hasPart(part)).map((part) => PARTS[part].label)
  if (missing.length === 0) return (name, body) => describe(name, body)
  const reason = `needs ${missing.join(' and ')}`
  if (process.env.CI === 'true') throw new Error(`This suite ${reason}, which is missing here; CI=true allows no skips`)
  return (name, body) => describe.skip(`${name} (skipped: ${reason})`, body)
}
