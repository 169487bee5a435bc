/** Kills the server at random instants of everyday load, again and again, and holds it to what it acknowledged. */
import { binaryPath } from '../support/binary'
import { eventually } from '../support/daemon'
import { startJourneys } from './journeys'
import { emptyLedger, type Ledger } from './ledger'
import { type Dialect, prepareSubject, type Subject } from './subject'
import { type Findings, verify } from './verify'

export interface KillSettings {
  readonly dialect: Dialect
  readonly rounds: number
  /** The load of a round lasts between half of this and one and a half of it, in milliseconds. */
  readonly loadMs: number
  readonly crowd: number
  readonly onRound?: (round: KillRound) => void
  /** Between the kill and the next start; shows that damage is found. */
  readonly whileDown?: (subject: Subject) => Promise<unknown>
}

export interface KillRound extends Findings {
  readonly round: number
  readonly answered: number
  /** From the start of the process to its readiness. */
  readonly recoveryMs: number
}

const SETTINGS = { ENABLE_TOKEN_ROTATION: 'true', REFRESH_REUSE_GRACE: '1m' }

/** Every third start is killed too, before it is ready. */
const killsTheStart = (round: number): boolean => round % 3 === 2
const START_MS = 250

export async function killRounds({
  dialect,
  rounds,
  loadMs,
  crowd,
  onRound,
  whileDown,
}: KillSettings): Promise<KillRound[]> {
  const subject = await prepareSubject(dialect, SETTINGS)
  const results: KillRound[] = []
  let server = await subject.start()
  // Everything that was ever acknowledged; each round looks at its own, the last at all.
  const whole = emptyLedger()
  for (let round = 1; round <= rounds; round += 1) {
    const ledger = { ...emptyLedger(), counts: whole.counts }
    releaseFickle(whole, subject)
    const journeys = startJourneys(subject, ledger, { crowd })
    await eventually('the load', async () => (journeys.answered() > 100 ? true : undefined))
    await Bun.sleep(loadMs * (0.5 + Math.random()))
    const stopped = journeys.stop()
    await server.kill()
    await stopped
    await whileDown?.(subject)
    const errors = server
      .log()
      .split('\n')
      .filter((line) => /"level":"(error|ERROR)"/.test(line))

    if (killsTheStart(round)) await startAndKill(subject)
    const began = performance.now()
    server = await subject.start()
    const recoveryMs = Math.round(performance.now() - began)
    const answered = journeys.answered()
    const { tokens, sessions, records } = merge(whole, ledger)
    const findings = await verify(subject, round === rounds ? { ...ledger, tokens, sessions, records } : ledger)
    findings.wrong.push(...journeys.wrong, ...errors)
    const damage = await subject.damage()
    if (damage !== '') findings.lost.push(damage)
    const result = { round, answered, recoveryMs, ...findings }
    results.push(result)
    onRound?.(result)
  }
  if ((await server.stop()) !== 0) results.at(-1)?.wrong.push('the last end was not clean')
  await subject.close()
  return results
}

/** Of migrations, seeding, recovery of the journal: whatever it was at. */
async function startAndKill({ folder, env }: Awaited<ReturnType<typeof prepareSubject>>): Promise<void> {
  const child = Bun.spawn([binaryPath(), 'server'], {
    ...{ cwd: folder, env: { ...env }, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  })
  await Bun.sleep(Math.random() * START_MS)
  child.kill('SIGKILL')
  await child.exited
}

/** What was allowed to this client before is taken back in the next round, whichever round it was allowed in. */
function releaseFickle(whole: Ledger, { clients }: Pick<Subject, 'clients'>): void {
  for (const held of whole.tokens.values())
    if (held.clientId === clients.fickle.id && held.fate === 'live') held.fate = 'open'
}

/** Adds what can be looked at any number of times. */
function merge(whole: Ledger, ledger: Ledger): Ledger {
  for (const [token, held] of ledger.tokens) whole.tokens.set(token, held)
  for (const [browser, fate] of ledger.sessions) whole.sessions.set(browser, fate)
  whole.records.push(...ledger.records)
  return whole
}
