/** The compiled executable as a black box: started with an explicit environment, in a folder of its own. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { eventually, removeFolder, temporaryFolder } from './daemon'
import { freePort } from './ports'

const REPOSITORY = resolve(import.meta.dir, '../..')
const START_LIMIT_MS = 20_000
const STOP_LIMIT_MS = 8_000

/** Path of the executable under test (`AUTHGATE_TEST_BINARY`, else dist/authgate, built when missing). */
export function binaryPath(): string {
  const given = process.env.AUTHGATE_TEST_BINARY
  if (given) return resolve(given)
  const path = `${REPOSITORY}/dist/authgate`
  if (!existsSync(path)) {
    const build = Bun.spawnSync([`${REPOSITORY}/scripts/build`], { stdout: 'inherit', stderr: 'inherit' })
    if (build.exitCode !== 0) throw new Error('scripts/build failed')
  }
  return path
}

export interface Outcome {
  exitCode: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** Whole environment of the process; nothing is inherited. */
  env?: Record<string, string>
  /** Working directory; without it, an empty folder that is removed afterwards. */
  folder?: string
  /** Kill the process after so many milliseconds. */
  limit?: number
}

/** Runs a command that ends by itself, such as `version` or a start that must be refused. */
export async function runBinary(
  args: string[],
  { env = {}, folder, limit = 20_000 }: RunOptions = {},
): Promise<Outcome> {
  const cwd = folder ?? temporaryFolder('run')
  const child = Bun.spawn([binaryPath(), ...args], {
    cwd,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: limit,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (!folder) removeFolder(cwd)
  return { exitCode, stdout, stderr }
}

export interface StartOptions {
  /**
   * Added to `BASE_URL` and `SERVER_ADDR`, which name a free port of the loopback interface unless given here, and to
   * `ENABLE_RATE_LIMIT=false`, because all requests come from one address.
   */
  env?: Record<string, string>
  args?: string[]
  /** Working directory, kept afterwards; without it, an empty folder that `stop` removes. */
  folder?: string
  /** Address that answers 200 once the server is ready; `/health` below `BASE_URL` unless given. */
  readyUrl?: string
  /** PEM certificate to trust when asking for `readyUrl`. */
  ca?: string
  /** Command in place of the executable itself, such as one that enters a chroot first. */
  command?: string[]
  /** Process to signal, when it is another one than the one started. */
  signalPid?: (startedPid: number) => number
}

export interface RunningBinary {
  /** `BASE_URL` of the server. */
  readonly url: string
  readonly folder: string
  readonly pid: number
  readonly exited: Promise<number>
  /** What it printed so far, standard output and standard error as they came. */
  log(): string
  stdout(): string
  stderr(): string
  /** A request to a path below `BASE_URL`, redirects left alone. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL after 8 s; resolves with the exit code (137 when it had to be killed). */
  stop(): Promise<number>
  /** SIGKILL. */
  kill(): Promise<void>
}

/** Starts `authgate server` and waits until it is ready. */
export async function startBinary(options: StartOptions = {}): Promise<RunningBinary> {
  const folder = options.folder ?? temporaryFolder('server')
  const env: Record<string, string> = { ENABLE_RATE_LIMIT: 'false', ...options.env }
  if (!env.SERVER_ADDR) env.SERVER_ADDR = `127.0.0.1:${await freePort()}`
  if (!env.BASE_URL) env.BASE_URL = `http://127.0.0.1:${env.SERVER_ADDR.slice(env.SERVER_ADDR.lastIndexOf(':') + 1)}`
  const url = env.BASE_URL.replace(/\/+$/, '')
  const trust = options.ca ? { tls: { ca: options.ca } } : {}

  const child = Bun.spawn([...(options.command ?? [binaryPath()]), 'server', ...(options.args ?? [])], {
    cwd: folder,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const printed = { stdout: '', stderr: '', both: '' }
  const collect = async (name: 'stdout' | 'stderr') => {
    const decoder = new TextDecoder()
    for await (const chunk of child[name]) {
      const text = decoder.decode(chunk, { stream: true })
      printed[name] += text
      printed.both += text
    }
  }
  const collected = Promise.all([collect('stdout'), collect('stderr')])
  const exited = child.exited.then(async (code) => {
    await collected
    return code
  })

  const readyUrl = options.readyUrl ?? `${url}/health`
  const isReady = async (): Promise<true | undefined> => {
    if (child.exitCode !== null || child.signalCode !== null) {
      await exited
      throw new Error(
        `the server ended with ${child.signalCode ?? child.exitCode} instead of starting:\n${printed.both}`,
      )
    }
    const answer = await fetch(readyUrl, { ...trust, signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    return answer?.status === 200 ? true : undefined
  }
  try {
    await eventually('the start of the server', isReady, { limit: START_LIMIT_MS })
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw new Error(`${error instanceof Error ? error.message : error}\n${printed.both}`)
  }

  const pid = options.signalPid?.(child.pid) ?? child.pid
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, name)
  }
  const end = async (name: NodeJS.Signals) => {
    signal(name)
    const last = setTimeout(() => signal('SIGKILL'), STOP_LIMIT_MS)
    const code = await exited
    clearTimeout(last)
    if (!options.folder) removeFolder(folder)
    return code
  }
  return {
    url,
    folder,
    pid,
    exited,
    log: () => printed.both,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...trust, ...init }),
    signal,
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL')
    },
  }
}
