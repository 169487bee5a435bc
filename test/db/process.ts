/** A process of its own that migrates a database and reports what it applied: `bun process.ts <sqlite|postgres> <where>`. */
import type { Database } from '../../src/db/database'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'

const [dialect = '', where = ''] = process.argv.slice(2)
const open = (): Database => {
  if (dialect === 'sqlite') return openSqlite({ path: where, busyTimeoutMs: 5000 })
  const { hostname, port, username, pathname } = new URL(where)
  return openPostgres({
    connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
    ...{ maxConnections: 2, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 10_000, prepare: true },
  })
}
const db = open()
console.log(JSON.stringify(await db.migrate()))
await db.close()
