/** `authgate doctor`: what is wrong with a deployment, and what to do about it. */
import { systemClock } from '../../clock'
import { type Configuration, ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Clock } from '../../context'
import { lookAtDatabase } from '../../doctor/database'
import { lookAtFiles } from '../../doctor/files'
import { type Finding, fail, ok, warn } from '../../doctor/finding'
import { lookAtNetwork } from '../../doctor/network'
import { lookAtProxies } from '../../doctor/proxies'
import { lookAtRedis } from '../../doctor/redis'
import type { Output } from '../output'
import { createProgress, type Progress, type ProgressTarget, standardError } from '../progress'
import { DOCTOR_USAGE } from './usage'

/** What the command is given by the process, or by a test. */
export interface DoctorSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  readonly progress?: ProgressTarget
}

/** Exit code as in `DOCTOR_USAGE`. */
export async function doctor(argv: readonly string[], surroundings: DoctorSurroundings): Promise<number> {
  const { output } = surroundings
  if (argv.some((argument) => /^--?(h|help)$/.test(argument))) {
    output.out(DOCTOR_USAGE)
    return 0
  }
  const surplus = argv.find((argument) => !/^--?json$/.test(argument))
  if (surplus !== undefined) {
    output.error(
      surplus.startsWith('-') ? `flag provided but not defined: ${surplus}` : `unexpected argument: ${surplus}`,
    )
    output.out(DOCTOR_USAGE)
    return 2
  }
  const findings = await examine(surroundings)
  const failed = findings.some(({ level }) => level === 'fail')
  if (argv.length > 0) output.out(JSON.stringify({ healthy: !failed, findings }))
  else show(findings, output)
  return failed ? 1 : 0
}

async function examine({ env, cwd, clock = systemClock, progress }: DoctorSurroundings): Promise<readonly Finding[]> {
  let configuration: Configuration
  try {
    configuration = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems.map((problem) =>
      fail('settings', problem, 'correct it; "authgate check" looks at settings only'),
    )
  }
  const { settings, warnings } = configuration
  const looks = {
    database: lookAtDatabase(settings, clock),
    Redis: lookAtRedis(settings),
    'public address and providers': lookAtNetwork(settings, clock),
    proxies: lookAtProxies(settings),
  }
  const groups = await waitFor(looks, createProgress(clock, progress ?? standardError))
  return [
    ok('settings', 'they are valid'),
    ...warnings.map((warning) => warn('settings', warning, 'see the configuration reference')),
    ...groups.flat(),
    ...lookAtFiles(settings, env, cwd),
  ]
}

const TELL_MS = 500

/** Says what is still waited for: a server that does not answer takes seconds. */
async function waitFor(looks: Record<string, Promise<Finding[]>>, progress: Progress): Promise<Finding[][]> {
  const names = Object.keys(looks)
  const open = new Set(names)
  const tell = () => progress.show(names.length - open.size, names.length, `waiting for ${[...open].join(', ')}`)
  tell()
  const timer = setInterval(tell, TELL_MS)
  try {
    return await Promise.all(names.map((name) => looks[name]?.finally(() => open.delete(name)) ?? []))
  } finally {
    clearInterval(timer)
    progress.end()
  }
}

const WIDTH = 18

function show(findings: readonly Finding[], output: Output): void {
  for (const { part, level, text, remedy } of findings) {
    output.out(`${level.padEnd(6)}${part.padEnd(WIDTH)}${text}`)
    if (remedy !== undefined) output.out(`${''.padEnd(6 + WIDTH)}→ ${remedy}`)
  }
  const count = (wanted: Finding['level']) => findings.filter(({ level }) => level === wanted).length
  output.out(`\n${count('ok')} fine, ${count('warn')} warnings, ${count('fail')} failures`)
}
