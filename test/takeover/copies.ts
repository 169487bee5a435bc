/** Copies of the databases that a real deployment left behind, with what its operator knows of it. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import type { Facts } from './works'

/** Where the former server left its first password. */
export const CREDENTIALS = 'authgate-credentials.txt'

const FOLDER = join(import.meta.dir, 'fixtures/deployment')

export interface DeploymentCopy {
  readonly facts: Facts
  /** Settings that name the database. */
  readonly settings: Readonly<Record<string, string>>
  /** Where the server runs: beside the SQLite file, with the credentials the former one wrote. */
  readonly folder: string
  /** Device codes last half an hour: as if they had been made just now. */
  refreshDeviceCodes(): Promise<void>
  remove(): Promise<void>
}

const factsOf = (name: string): Facts => {
  const facts = JSON.parse(readFileSync(join(FOLDER, `${name}-facts.json`), 'utf8')) as Facts
  const { note: _, ...settings } = facts.settings
  // An hour is the most that is accepted now; a code that was issued keeps the time it was given.
  return { ...facts, settings: { ...settings, AUTH_CODE_EXPIRATION: '10m' } }
}

const IN_HALF_AN_HOUR = () => new Date(Date.now() + 30 * 60_000).toISOString()

async function sqliteCopy(): Promise<DeploymentCopy> {
  const folder = temporaryFolder('deployment')
  const place = join(folder, 'oauth.db')
  copyFileSync(join(FOLDER, 'sqlite.bin'), place)
  copyFileSync(join(FOLDER, 'credentials.txt'), join(folder, CREDENTIALS))
  return {
    facts: factsOf('sqlite'),
    settings: { DATABASE_DSN: place },
    folder,
    refreshDeviceCodes: async () => {
      const handle = new SqliteHandle(place)
      handle.run('update device_codes set expires_at = ?', [IN_HALF_AN_HOUR().replace('T', ' ').replace('Z', '+00:00')])
      handle.close()
    },
    remove: async () => removeFolder(folder),
  }
}

async function postgresCopy(): Promise<DeploymentCopy> {
  const folder = temporaryFolder('deployment')
  const { url, drop } = await freshDatabase()
  const loaded = Bun.spawnSync(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(FOLDER, 'postgres.sql'), url])
  if (loaded.exitCode !== 0) throw new Error(loaded.stderr.toString())
  return {
    facts: factsOf('postgres'),
    settings: { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url },
    folder,
    refreshDeviceCodes: async () => {
      const client = postgres(url, { max: 1 })
      await client`update device_codes set expires_at = ${IN_HALF_AN_HOUR()}`
      await client.end({ timeout: 1 })
    },
    remove: async () => {
      await drop()
      removeFolder(folder)
    },
  }
}

export const deploymentCopies: [string, () => Promise<DeploymentCopy>][] = [
  ['SQLite', sqliteCopy],
  ...(postgresAvailable && Bun.which('psql') ? [['PostgreSQL', postgresCopy] as [string, typeof postgresCopy]] : []),
]
