/** A PostgreSQL server for tests; `AUTHGATE_TEST_POSTGRES` names one that is already running. */
import postgres from 'postgres'

const server = process.env.AUTHGATE_TEST_POSTGRES

export const postgresAvailable = server !== undefined

/** A database of its own, as a URL, and how to drop it. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const admin = postgres(server as string, { max: 1, onnotice: () => {} })
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  await admin.unsafe(`create database ${name}`)
  await admin.end()
  const url = new URL(server as string)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: async () => {
      const sql = postgres(server as string, { max: 1, onnotice: () => {} })
      await sql.unsafe(`drop database if exists ${name} with (force)`)
      await sql.end()
    },
  }
}
