/**
 * Runs every test suite and prints one total; called by scripts/test, which put Bun and the packages in place.
 *
 * PostgreSQL and Redis are started once and shared: each test takes a database of its own.
 */
import { hasPart, PARTS, type Part } from '../test/support/parts'
import { startPostgres } from '../test/support/postgres'
import { startRedis } from '../test/support/redis'
import { type NamedTest, readSummary, type Total, totalLine } from './test-summary'

interface Suite {
  name: string
  /** Whether a test file belongs to it, by path from the repository root. */
  owns: (path: string) => boolean
  /** Needs dist/authgate. */
  binary: boolean
  timeoutMs: number
}

const within =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`test/${folder}/`))
const SUITES: Suite[] = [
  {
    name: 'unit and in-process',
    owns: (p) => !within('oauth', 'binary', 'packaging', 'browser')(p),
    binary: false,
    timeoutMs: 20_000,
  },
  { name: 'protocol', owns: within('oauth'), binary: false, timeoutMs: 20_000 },
  { name: 'binary', owns: within('binary', 'packaging'), binary: true, timeoutMs: 60_000 },
  { name: 'browser', owns: within('browser'), binary: true, timeoutMs: 60_000 },
]

const REMEDIES = [
  'Debian, Ubuntu: sudo apt-get install postgresql redis-server chromium python3-authlib python3-requests',
  'Fedora:         sudo dnf install postgresql-server redis chromium python3-authlib python3-requests',
  'Arch:           sudo pacman -S postgresql redis chromium python-authlib python-requests',
  'macOS:          brew install postgresql redis && brew install --cask google-chrome && pip3 install authlib requests',
]

const say = (line: string) => console.log(line)

function missingParts(): Part[] {
  return (Object.keys(PARTS) as Part[]).filter((part) => !hasPart(part))
}

/** Installs what is missing where apt-get can be used without a password. */
function installParts(missing: Part[]): void {
  const packages = missing.flatMap((part) => PARTS[part].debianPackages ?? [])
  if (packages.length === 0 || !Bun.which('apt-get')) return
  const root = process.getuid?.() === 0
  if (!root && (!Bun.which('sudo') || Bun.spawnSync(['sudo', '-n', 'true']).exitCode !== 0)) return
  const aptGet = (...args: string[]) =>
    Bun.spawnSync([...(root ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
    }).exitCode === 0
  say(`Installing ${packages.join(', ')}`)
  aptGet('update', '-qq')
  aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages)
}

/** Splits the command line into paths that select test files and options for `bun test`. */
function readArguments(args: string[]): { paths: string[]; options: string[] } {
  const firstOption = args.findIndex((arg) => arg.startsWith('-'))
  if (firstOption < 0) return { paths: args, options: [] }
  return { paths: args.slice(0, firstOption), options: args.slice(firstOption) }
}

async function testFiles(paths: string[]): Promise<string[]> {
  const files = await Array.fromAsync(new Bun.Glob('test/**/*.test.{ts,tsx}').scan())
  const wanted = paths.map((path) => path.replace(/^\.\//, ''))
  return files.filter((file) => wanted.length === 0 || wanted.some((path) => file.includes(path))).sort()
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest) yield rest
}

/** A suite that hangs must end while somebody still waits for it. */
const SUITE_LIMIT_MS = 15 * 60_000

/** More failures than this are no coincidence. */
const RERUN_LIMIT = 3

interface Outcome {
  total: Total
  /** Failed beside the others and passed when their files ran again alone. */
  unsteady: readonly NamedTest[]
}

/**
 * Runs one suite. The files of a few failed tests run once more, alone: a machine that was busy for a moment should not
 * decide about a change. What only passed then is named before the total.
 */
async function runSuite(suite: Suite, files: string[], options: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  say(`\n== ${suite.name}: ${files.length} files`)
  const total = await runFiles(suite, files, ['--parallel=2', ...options], env)
  const { failed, failedTests } = total
  if (failed === 0 || failed > RERUN_LIMIT || failedTests.length !== failed) return { total, unsteady: [] }

  const again = [...new Set(failedTests.map(({ file }) => file))]
  say(`\n== ${suite.name}, again: ${again.join(', ')}`)
  const rerun = await runFiles(suite, again, options, env)
  if (rerun.failed > 0) return { total, unsteady: [] }
  return { total: { ...total, passed: total.passed + failed, failed: 0, failedTests: [] }, unsteady: failedTests }
}

/** Shows the output as it comes, less the lines of tests that passed. */
async function runFiles(suite: Suite, files: string[], options: string[], env: NodeJS.ProcessEnv): Promise<Total> {
  const command = ['test', '--timeout', String(suite.timeoutMs), ...options, ...files.map((f) => `./${f}`)]
  const run = Bun.spawn([process.execPath, ...command], {
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: SUITE_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  const show = async (stream: ReadableStream<Uint8Array>) => {
    for await (const line of linesOf(stream)) {
      output += `${line}\n`
      if (!line.startsWith('(pass)')) say(line)
    }
  }
  await Promise.all([show(run.stdout), show(run.stderr)])
  return readSummary(output, { exitCode: await run.exited, files: files.length })
}

function sayTests(heading: string, tests: readonly NamedTest[]): void {
  if (tests.length > 0) say(`\n${heading}:\n${tests.map(({ file, name }) => `  ${file}: ${name}`).join('\n')}`)
}

async function main(): Promise<boolean> {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const named = { skipped: [] as NamedTest[], unsteady: [] as NamedTest[], failed: [] as NamedTest[] }
  const finish = (): boolean => {
    sayTests('Skipped', named.skipped)
    sayTests('Passed only when run again, alone', named.unsteady)
    sayTests('Failed', named.failed)
    say(`\n${totalLine(total)}`)
    return total.failed === 0
  }

  const { paths, options } = readArguments(process.argv.slice(2))
  const files = await testFiles(paths)
  if (files.length === 0) {
    say(`No test file matches ${paths.join(' ') || 'test/'}`)
    total.failed = 1
    return finish()
  }

  installParts(missingParts())
  const missing = missingParts()
  if (missing.length > 0) {
    say(`Missing here: ${missing.map((part) => PARTS[part].label).join(', ')}. Suites that need them are skipped.`)
    say(`To install them:\n  ${REMEDIES.join('\n  ')}`)
    if (process.env.CI === 'true') {
      say('CI=true: a missing part is a failure')
      total.failed = missing.length
      return finish()
    }
  }

  const suites = SUITES.map((suite) => ({ suite, files: files.filter(suite.owns) })).filter((s) => s.files.length > 0)
  const script = suites.some(({ suite }) => suite.binary) ? 'scripts/build' : 'scripts/assets'
  if (Bun.spawnSync([script], { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' }).exitCode !== 0) {
    say(`${script} failed`)
    total.failed = 1
    return finish()
  }

  const postgres = hasPart('postgresql') ? await startPostgres() : undefined
  const redis = hasPart('redis') ? await startRedis() : undefined
  const env = { ...process.env, AUTHGATE_TEST_POSTGRES: postgres?.url, AUTHGATE_TEST_REDIS: redis?.url }
  try {
    for (const { suite, files } of suites) {
      const { total: result, unsteady } = await runSuite(suite, files, options, env)
      total.passed += result.passed
      total.failed += result.failed
      total.skipped += result.skipped
      named.skipped.push(...result.skippedTests)
      named.unsteady.push(...unsteady)
      named.failed.push(...result.failedTests)
    }
  } finally {
    await postgres?.stop()
    await redis?.stop()
  }
  if (total.passed + total.failed === 0) {
    say('No test ran')
    total.failed = 1
  }
  return finish()
}

process.exit((await main()) ? 0 : 1)
