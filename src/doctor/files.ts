/** Files: who may read what holds secrets, on what kind of disk the SQLite file is, and how much room is left. */
import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { secretsFilePath } from '../config/secrets-file'
import type { Settings } from '../config/settings'
import type { Environment } from '../config/sources'
import { credentialsPath } from '../seed/credentials-file'
import { type Finding, fail, ok, warn } from './finding'

/** Magic numbers of statfs(2). SQLite's locks are not reliable on these. */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
])
const FUSE = 0x65735546

const MIB = 1 << 20
const LITTLE_MIB = 512
const TOO_LITTLE_MIB = 32

export function lookAtFiles(settings: Settings, env: Environment, cwd: string): Finding[] {
  const path = settings.sqlite?.path
  const onDisk = path === undefined || path === ':memory:' ? undefined : path
  const folder = onDisk === undefined ? cwd : dirname(onDisk)
  return [
    ...modes(secretFiles(settings, env, cwd, onDisk)),
    ...(onDisk === undefined || !existsSync(folder) ? [] : [fileSystem(folder)]),
    ...(existsSync(folder) ? [room(folder)] : []),
    ...leftCredentials(credentialsPath(settings, cwd)),
  ]
}

const KEY_FILES = ['TLS_KEY_FILE', 'JWT_PRIVATE_KEY_PATH'] as const

function secretFiles(settings: Settings, env: Environment, cwd: string, sqlite: string | undefined): string[] {
  const named = Object.entries(env).flatMap(([name, value]) => {
    const isSecret = name.endsWith('_FILE') && /SECRET|PASSWORD|TOKEN|_PEM|_DSN/.test(name)
    return value && isSecret ? [value] : []
  })
  const keys = KEY_FILES.map((name) => settings[name])
  const database = sqlite === undefined ? [] : ['', '-wal', '-shm'].map((end) => `${sqlite}${end}`)
  const own = [join(cwd, '.env'), secretsFilePath(sqlite, cwd), credentialsPath(settings, cwd)]
  return [...new Set([...own, ...named, ...keys, ...database])].filter((file) => file !== '' && existsSync(file))
}

function modes(files: readonly string[]): Finding[] {
  const open = files.filter((file) => (statSync(file).mode & 0o077) !== 0)
  if (open.length === 0) return [ok('file modes', `${files.length} files with secrets are their owner's alone`)]
  return open.map((file) => {
    const mode = statSync(file).mode & 0o777
    const text = `${file} has mode ${mode.toString(8).padStart(4, '0')}`
    const remedy = `chmod 0600 ${file}`
    // A group may be how a service manager hands a file over; everybody is nobody's intention.
    return (mode & 0o007) !== 0 ? fail('file modes', text, remedy) : warn('file modes', text, remedy)
  })
}

function fileSystem(folder: string): Finding {
  const { type } = statfsSync(folder)
  const network = NETWORK_FILE_SYSTEMS.get(type)
  const part = 'file system'
  if (network !== undefined)
    return fail(part, `the SQLite file is on ${network}`, 'put it on a local disk, or use PostgreSQL')
  if (type === FUSE)
    return warn(part, 'the SQLite file is on FUSE', 'make sure that it is no network disk: locks must work there')
  return ok(part, 'the SQLite file is on a local disk')
}

function room(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder)
  const mib = Math.floor((bavail * bsize) / MIB)
  const part = 'disk space'
  const text = `${mib} MiB are free in ${folder}`
  if (mib < TOO_LITTLE_MIB) return fail(part, text, 'make room: nobody can sign in when nothing can be written')
  return mib < LITTLE_MIB ? warn(part, text, 'make room before it is used up') : ok(part, text)
}

const leftCredentials = (path: string): Finding[] =>
  existsSync(path)
    ? [
        warn(
          'credentials',
          `${path} still holds the first password`,
          'keep what is in it elsewhere and delete the file',
        ),
      ]
    : []
