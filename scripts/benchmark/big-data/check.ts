/**
 * Times every list over a database that `fill.ts` filled, and shows how the database found the rows:
 * `bun scripts/benchmark/big-data/check.ts FILE|postgres://… [plans] [only=TEXT]`
 */
import { eq } from 'drizzle-orm'
import { openTestApp } from '../../../test/support/app'
import { type Asked, listening } from '../../../test/support/listening'
import { median } from '../report'
import { type Ids, idQuery, lists } from './lists'
import { bigDatabase, type PlainConnection } from './place'

const ROUNDS = 5
const LIMIT_MS = 50

const [where, ...options] = process.argv.slice(2)
if (!where) throw new Error('usage: bun scripts/benchmark/big-data/check.ts FILE|postgres://… [plans] [only=TEXT]')
const place = bigDatabase(where)
const only = options.find((text) => text.startsWith('only='))?.slice(5) ?? ''

const plain = place.plain()
const [ids] = (await plain.all(idQuery(place.dialect))) as unknown as Ids[]
if (!ids) throw new Error('no ids')

const db = await place.open()
const { db: heard, asked } = listening(db)
const app = await openTestApp({ open: async () => ({ db: heard, close: () => db.close() }) })
const admin = await app.insertUser({ role: 'admin' })
const [heavy] = await db.q.select().from(db.t.users).where(eq(db.t.users.id, ids.heavyUser))
if (!heavy) throw new Error('fill the database first')
const cookies = { admin: (await app.signIn(admin)).cookie, heavy: (await app.signIn(heavy)).cookie }

let slow = 0
console.log(`| page | ms | slowest statement |\n|---|---:|---|`)
for (const { name, path, as } of lists(ids)) {
  if (!name.includes(only)) continue
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    asked.length = 0
    const startedAt = performance.now()
    const answer = await app.get(path, { headers: { cookie: cookies[as] } })
    const text = await answer.text()
    times.push(performance.now() - startedAt)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`)
  }
  const ms = median(times)
  if (ms > LIMIT_MS) slow += 1
  const [slowest] = asked.toSorted((a, b) => b.ms - a.ms)
  const mark = ms > LIMIT_MS ? ' **slow**' : ''
  console.log(`| ${name}${mark} | ${ms.toFixed(1)} | ${slowest ? `${slowest.name} ${slowest.ms.toFixed(1)}` : ''} |`)
  if (options.includes('plans') || (ms > LIMIT_MS && options.includes('slow')))
    for (const each of asked) console.log(await planOf(plain, each))
}
console.log(`\n${slow} over ${LIMIT_MS} ms · RSS ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
await app.close()
await plain.close()

async function planOf(connection: PlainConnection, { name, sql, params, ms }: Asked): Promise<string> {
  const rows = await connection.all(
    place.dialect === 'sqlite' ? `explain query plan ${sql}` : `explain (analyze, buffers) ${sql}`,
    params,
  )
  const lines = rows.map((row) => String(row.detail ?? row['QUERY PLAN']))
  return `\n${name} ${ms.toFixed(1)} ms: ${sql}\n  ${lines.join('\n  ')}`
}
