/**
 * A root file system that holds the executable and the C library files it links, and nothing else: what a distroless
 * image gives it, less certificates and time zones. No shell, no /etc, no /dev; all of it read-only but /app/data.
 */
import { chmodSync, chownSync, copyFileSync, linkSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeFolder, temporaryFolder } from './daemon'

/** The user of the container image. */
const USER = 1000

export interface BareRoot {
  readonly folder: string
  /** The data folder as seen from outside. */
  readonly data: string
  /** Files inside, as absolute paths of the new root. */
  readonly files: string[]
  /** Command line that runs the executable inside as process 1, unprivileged, with the given working directory. */
  command(): string[]
  /** The process inside, given the process that `command` started. */
  pidInside(startedPid: number): number
  remove(): void
}

/** Files the dynamic loader needs for `program`, the loader itself included. */
export function linkedFiles(program: string): string[] {
  const { stdout, exitCode } = Bun.spawnSync(['ldd', program])
  if (exitCode !== 0) throw new Error(`ldd cannot read ${program}`)
  return [...stdout.toString().matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '')
}

// Runs in mount and process namespaces of its own, so the mounts vanish with it. `remount,ro,bind` makes the whole tree
// read-only while the data folder, a mount of its own, stays writable.
const ENTER = `
set -e
root=$1 data=$2 program=$3
shift 3
mount --bind "$root" "$root"
mount --bind "$data" "$root/app/data"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
exec setpriv --no-new-privs unshare --root="$root" --wd=/app --setgid=${USER} --setuid=${USER} "$program" "$@"
`

/** Builds the root; needs root on Linux. */
export function bareRoot(program: string): BareRoot {
  const base = temporaryFolder('root')
  chmodSync(base, 0o755)
  const folder = join(base, 'root')
  const data = join(base, 'data')
  for (const path of ['bin', 'proc', 'tmp', 'app/data']) mkdirSync(join(folder, path), { recursive: true })
  mkdirSync(data)
  chownSync(data, USER, USER)

  const inside = '/bin/authgate'
  try {
    linkSync(program, folder + inside)
  } catch {
    copyFileSync(program, folder + inside)
  }
  const libraries = linkedFiles(program)
  for (const path of libraries) {
    mkdirSync(dirname(folder + path), { recursive: true })
    copyFileSync(realpathSync(path), folder + path)
    chmodSync(folder + path, 0o755)
  }

  return {
    folder,
    data,
    files: [inside, ...libraries],
    command: () => [
      ...['/usr/bin/unshare', '--mount', '--pid', '--fork', '--kill-child'],
      ...['/bin/sh', '-c', ENTER, 'sh', folder, data, inside],
    ],
    pidInside: (startedPid) => Number(readFileSync(`/proc/${startedPid}/task/${startedPid}/children`, 'utf8').trim()),
    remove: () => removeFolder(base),
  }
}
