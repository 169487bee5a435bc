/** Parts of the edge by themselves: one feature behind the real pipeline, and a database that cannot be reached. */
import { type AnyElysia, Elysia } from 'elysia'
import type { Context } from '../../src/context'
import { openPostgres } from '../../src/db/postgres'
import { createPipeline } from '../../src/edge/pipeline'
import { createRouteTable } from '../../src/edge/route-table'
import type { OpenDatabase } from '../support/databases'
import { freePort } from '../support/ports'

export const ORIGIN = 'http://localhost:8080'
export const FORM = 'application/x-www-form-urlencoded'

/** Sends requests to a single feature. */
export function serveFeature(ctx: Context, feature: AnyElysia) {
  const app = new Elysia({ strictPath: true }).use(feature)
  const handler = createPipeline(ctx, app, createRouteTable(app.routes))
  return (path: string, init: RequestInit = {}) =>
    handler(new Request(ORIGIN + path, { redirect: 'manual', ...init }), '127.0.0.1')
}

/** A real PostgreSQL client whose server is not there. */
export const openUnreachable: OpenDatabase = async () => {
  const db = openPostgres({
    connection: { host: '127.0.0.1', port: await freePort(), user: 'nobody', database: 'nothing', connect_timeout: 2 },
    maxConnections: 1,
    idleTimeoutMs: 0,
    maxLifetimeMs: 0,
    answerTimeoutMs: 1_000,
    prepare: false,
  })
  return { db, close: () => db.close() }
}
