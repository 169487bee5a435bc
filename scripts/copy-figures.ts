/**
 * Copies a large database from SQLite to PostgreSQL and back by the executable, and prints what that takes:
 *
 *   bun scripts/copy-figures.ts [tokens=550000] [users=100000] [events=300000] [clients=500]
 *
 * Takes dist/authgate and starts a PostgreSQL of its own. The exit code is 1 when a count or a checksum differs between
 * the two ways. Memory is the most that the executable ever had resident, twice the rows should take no more.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath } from '../test/support/binary'
import { removeFolder, temporaryFolder } from '../test/support/daemon'
import { startPostgres } from '../test/support/postgres'
import { fill } from './benchmark/big-data/fill'
import { bigDatabase } from './benchmark/big-data/place'

const given = Object.fromEntries(process.argv.slice(2).map((text) => [text.split('=')[0], Number(text.split('=')[1])]))
const amounts = { users: 100_000, clients: 500, tokens: 550_000, events: 300_000, ...given }
const EVERY_MS = 200

interface Way {
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly checksum: string }[]
}

async function way(name: string, from: string, to: string): Promise<Way> {
  const startedAt = performance.now()
  const child = Bun.spawn([binaryPath(), 'copy', '--from', from, '--to', to, '--json'], {
    ...{ stdout: 'pipe', stderr: 'inherit', stdin: 'ignore' },
  })
  let peakMb = 0
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(child.pid))
  }, EVERY_MS)
  const text = await child.stdout.text()
  clearInterval(timer)
  if ((await child.exited) !== 0) throw new Error(`${name} failed`)
  const seconds = (performance.now() - startedAt) / 1_000
  const { tables } = JSON.parse(text) as Way
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  console.log(
    `${name}: ${rows} rows in ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s, ${peakMb} MB at most`,
  )
  return { tables }
}

/** 0 when it is gone already. */
function peakOf(pid: number): number {
  try {
    const [, kib = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kib) / 1024)
  } catch {
    return 0
  }
}

const folder = temporaryFolder('copy-figures')
const postgres = await startPostgres()
try {
  const source = join(folder, 'source.db')
  await fill(bigDatabase(source), amounts, (text) => console.log(text))
  const { url } = await postgres.freshDatabase()
  const there = await way('SQLite to PostgreSQL', source, url)
  const back = await way('PostgreSQL to SQLite', url, join(folder, 'back.db'))
  const same = JSON.stringify(there.tables) === JSON.stringify(back.tables)
  console.log(same ? 'counts and checksums of every table are equal' : 'the tables differ')
  process.exitCode = same ? 0 : 1
} finally {
  await postgres.stop()
  removeFolder(folder)
}
