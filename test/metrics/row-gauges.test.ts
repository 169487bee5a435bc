/** Gauges of rows, from real rows on every database. */
import { afterEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { Context } from '../../src/context'
import { DatabaseUnavailable } from '../../src/db/commit'
import { type Jobs, startJobs } from '../../src/jobs/jobs'
import { createRowGauges } from '../../src/jobs/row-gauges'
import { openTestApp, type TestApp } from '../support/app'
import { eventually } from '../support/daemon'
import { databases } from '../support/databases'
import { type Family, parseExposition, seriesValue } from './exposition'

const read = async ({ metrics }: Pick<Context, 'metrics'>): Promise<Map<string, Family>> =>
  parseExposition(await metrics.registry.metrics())
const tokens = (families: Map<string, Family>, category: string) =>
  seriesValue(families, 'oauth_tokens_active', { token_type: category })
const codes = (families: Map<string, Family>) => [
  seriesValue(families, 'oauth_device_codes_active'),
  seriesValue(families, 'oauth_device_codes_pending_authorization'),
]

describe.each(databases)('gauges of rows on %s', (_name, open) => {
  let app: TestApp | undefined
  let jobs: Jobs | undefined
  afterEach(async () => {
    await jobs?.stop()
    await app?.close()
    jobs = undefined
    app = undefined
  })
  const start = async (settings: Record<string, string> = {}): Promise<TestApp> => {
    app = await openTestApp({ open, settings: { JWT_EXPIRATION_JITTER: '0s', ...settings } })
    return app
  }

  const issue = async (own: TestApp) => {
    const client = await own.insertClient()
    const credentials = { client_id: client.clientId, client_secret: client.secret }
    const answer = await own.postForm('/oauth/token', { grant_type: 'client_credentials', ...credentials })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    return { token, credentials }
  }

  test('an empty database is all zeros', async () => {
    const { ctx } = await start()
    await createRowGauges(ctx)()
    const families = await read(ctx)
    expect([tokens(families, 'access'), tokens(families, 'refresh'), seriesValue(families, 'sessions_active')]).toEqual(
      [0, 0, 0],
    )
    expect(codes(families)).toEqual([0, 0])
  })

  test('tokens: live ones count, revoked and expired ones do not', async () => {
    const own = await start()
    const update = createRowGauges(own.ctx)
    const { token, credentials } = await issue(own)
    await issue(own)
    await update()
    expect(tokens(await read(own.ctx), 'access')).toBe(2)
    await own.postForm('/oauth/revoke', { token, ...credentials })
    await update()
    expect(tokens(await read(own.ctx), 'access')).toBe(1)
    own.clock.advance(2 * 3_600_000)
    await update()
    expect(tokens(await read(own.ctx), 'access')).toBe(0)
  })

  test('device codes: waiting, approved, redeemed, denied, expired; never below 0 (O12)', async () => {
    const own = await start()
    const update = createRowGauges(own.ctx)
    const client = await own.insertClient()
    const user = await own.insertUser()
    for (let code = 0; code < 4; code += 1)
      await own.postForm('/oauth/device/code', { client_id: client.clientId, client_secret: client.secret })
    await update()
    expect(codes(await read(own.ctx))).toEqual([4, 4])
    const { q, t } = own.ctx.db
    const ids = (await q.select({ id: t.deviceCodes.id }).from(t.deviceCodes)).map(({ id }) => id)
    const at = new Date(own.clock.now())
    const change = async (id = '', values: Partial<typeof t.deviceCodes.$inferInsert>) =>
      await q.update(t.deviceCodes).set(values).where(eq(t.deviceCodes.id, id))
    await change(ids[0], { authorizedAt: at, userId: user.id })
    await change(ids[1], { authorizedAt: at, userId: user.id, consumedAt: at })
    await change(ids[2], { deniedAt: at })
    await update()
    expect(codes(await read(own.ctx))).toEqual([2, 1])
    own.clock.advance(3_600_000)
    await update()
    expect(codes(await read(own.ctx))).toEqual([0, 0])
  })

  test('sessions: those that have not run out, and were not left alone unless remembered', async () => {
    const own = await start()
    const update = createRowGauges(own.ctx)
    const user = await own.insertUser()
    await own.signIn(user)
    await own.signIn(user, { remember: true })
    await update()
    expect(seriesValue(await read(own.ctx), 'sessions_active')).toBe(2)
    own.clock.advance(31 * 60_000)
    await update()
    expect(seriesValue(await read(own.ctx), 'sessions_active')).toBe(1)
    own.clock.advance(31 * 86_400_000)
    await update()
    expect(seriesValue(await read(own.ctx), 'sessions_active')).toBe(0)
  })

  test('a failed count keeps the last value, is counted, and is logged once in five minutes (O13)', async () => {
    const own = await start()
    await issue(own)
    await own.postForm('/oauth/device/code', {})
    let broken = false
    const db: Context['db'] = {
      ...own.ctx.db,
      one: (definition, parameters) => {
        if (broken) throw new DatabaseUnavailable('gone')
        return own.ctx.db.one(definition, parameters)
      },
    }
    const update = createRowGauges({ ...own.ctx, db })
    await update()
    broken = true
    const failures = () => own.log().filter(({ message }) => message === 'Rows for a gauge could not be counted')
    for (let turn = 0; turn < 3; turn += 1) await update()
    const families = await read(own.ctx)
    expect(tokens(families, 'access')).toBe(1)
    for (const name of ['access_tokens', 'refresh_tokens', 'total_device_codes', 'pending_device_codes', 'sessions'])
      expect(seriesValue(families, 'database_query_errors_total', { operation: `count_${name}` })).toBe(3)
    expect(failures()).toHaveLength(5)
    own.clock.advance(5 * 60_000)
    await update()
    expect(failures()).toHaveLength(10)
  })

  test('the job counts at once after the start, and again after the interval', async () => {
    const settings = { METRICS_GAUGE_UPDATE_ENABLED: 'true', METRICS_GAUGE_UPDATE_INTERVAL: '50ms' }
    const own = await start(settings)
    jobs = startJobs(own.ctx)
    const value = async () => tokens(await read(own.ctx), 'access')
    await eventually('the first count', async () => ((await value()) === 0 ? true : undefined))
    await issue(own)
    await eventually('the next count', async () => ((await value()) === 1 ? true : undefined))
  })

  test('several processes: each counts for itself, whoever holds the right to clean up', async () => {
    const own = await start({ METRICS_GAUGE_UPDATE_ENABLED: 'true' })
    const db: Context['db'] = { ...own.ctx.db, exclusively: async () => undefined }
    jobs = startJobs({ ...own.ctx, db })
    await eventually('the count', async () => (tokens(await read(own.ctx), 'access') === 0 ? true : undefined))
  })

  test('METRICS_GAUGE_UPDATE_ENABLED=false: no gauges of rows rather than wrong ones', async () => {
    const own = await start({ METRICS_GAUGE_UPDATE_ENABLED: 'false' })
    jobs = startJobs(own.ctx)
    await Bun.sleep(50)
    const families = await read(own.ctx)
    expect(families.get('oauth_tokens_active')?.samples).toEqual([])
    expect(families.get('sessions_active')?.samples).toEqual([])
  })
})
