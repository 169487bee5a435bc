/** Server processes of a test that never outlive the process that started them, even when that one is killed. */
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Daemon {
  readonly pid: number
  /** What the process has printed so far. */
  log(): Promise<string>
  /** Ends the process with the signal it was started with, and waits for that. */
  stop(): Promise<void>
}

// The watcher's standard input is a pipe from the test: it ends when the test closes it or dies in whatever way.
const WATCHER = `
trap : INT TERM HUP
signal=$1 log=$2 remove=$3; shift 3
"$@" >>"$log" 2>&1 </dev/null &
pid=$!
echo "$pid"
cat >/dev/null
kill -s "$signal" "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
rm -rf "$remove"
`

export interface DaemonOptions {
  /** Folder that holds its data and its log; removed when the daemon stops unless `keep` is set. */
  folder: string
  /** Signal that ends it. */
  signal: 'INT' | 'TERM'
  keep?: boolean
}

export async function startDaemon(command: string[], { folder, signal, keep }: DaemonOptions): Promise<Daemon> {
  const log = join(folder, 'log')
  writeFileSync(log, '', { flag: 'a' })
  const watcher = Bun.spawn(['sh', '-c', WATCHER, 'sh', signal, log, keep ? '' : folder, ...command], {
    cwd: folder,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { value } = await watcher.stdout.getReader().read()
  const pid = Number(new TextDecoder().decode(value))
  return {
    pid,
    log: () => Bun.file(log).text(),
    stop: async () => {
      watcher.stdin.end()
      await watcher.exited
    },
  }
}

/** The user a server that refuses to run as root is given: its own where Debian made one, else nobody. */
export function unprivilegedUser(name: string): { uid: number; gid: number; as: (command: string[]) => string[] } {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, as: (c) => c }
  const idOf = (flag: string) => Bun.spawnSync(['id', flag, name]).stdout.toString().trim()
  const uid = Number(idOf('-u') || 65534)
  const gid = Number(idOf('-g') || 65534)
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--']
  return { uid, gid, as: (command) => [...prefix, ...command] }
}

/** A new empty folder below the system's temporary one, readable by its owner only. */
export function temporaryFolder(label: string, owner?: { uid: number; gid: number }): string {
  const folder = join(tmpdir(), `authgate-${label}-${randomBytes(6).toString('hex')}`)
  mkdirSync(folder, { mode: 0o700 })
  if (owner) chownSync(folder, owner.uid, owner.gid)
  return folder
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Calls `attempt` until it returns a value other than `undefined`; fails after `limit` milliseconds. */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined>,
  { limit = 15_000, pause = 20 } = {},
): Promise<T> {
  const deadline = Date.now() + limit
  for (;;) {
    const value = await attempt()
    if (value !== undefined) return value
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${limit} ms`)
    await Bun.sleep(pause)
  }
}
