import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { findConsent, findConsentById, grantConsent } from '../../src/consent/consents'
import { Conflict, commit, Duplicate } from '../../src/db/commit'
import { revokeTokensOfConsent } from '../../src/tokens/revoke'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

describe.each(databases)('consents on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  beforeAll(async () => {
    app = await openTestApp({ open })
    user = await app.insertUser()
  })
  afterAll(() => app.close())

  const newPair = async () => ({ userId: user.id, clientId: (await app.insertClient()).clientId })
  const allow = async (pair: { userId: string; clientId: string }, scopes: string[]) => {
    const granted = grantConsent(app.ctx, await findConsent(app.ctx, pair), { user, clientId: pair.clientId, scopes })
    await commit(app.ctx, granted.statements)
    return granted.uuid
  }
  const change = async (uuid: string, changes: Record<string, unknown>) => {
    const { q, t } = app.ctx.db
    await q.update(t.userAuthorizations).set(changes).where(eq(t.userAuthorizations.uuid, uuid))
  }

  test('the first one holds what was allowed, and is found by pair and by id', async () => {
    const pair = await newPair()
    expect(await findConsent(app.ctx, pair)).toBeUndefined()
    const uuid = await allow(pair, ['read', 'email'])
    const consent = await findConsent(app.ctx, pair)
    expect(consent).toMatchObject({ ...pair, uuid, scopes: 'read email', webScopes: '', isActive: true, tokenEpoch: 0 })
    expect(await findConsentById(app.ctx, uuid)).toEqual(consent)
  })

  test('further ones add scopes; id, first date and what the consent page allowed stay', async () => {
    const pair = await newPair()
    const uuid = await allow(pair, ['read'])
    await change(uuid, { webScopes: 'read' })
    const before = await findConsent(app.ctx, pair)
    app.clock.advance(1_000)
    expect(await allow(pair, ['write', 'read'])).toBe(uuid)
    const after = await findConsent(app.ctx, pair)
    expect(after).toMatchObject({ scopes: 'read write', webScopes: 'read', createdAt: before?.createdAt as Date })
    expect(after?.grantedAt.getTime()).toBe((before?.grantedAt.getTime() ?? 0) + 1_000)
  })

  test('after a revocation it begins anew: old scopes and the silent web consent do not come back', async () => {
    const pair = await newPair()
    const uuid = await allow(pair, ['read', 'write'])
    await change(uuid, { webScopes: 'read write', isActive: false, revokedAt: new Date(app.clock.now()) })
    await commit(app.ctx, revokeTokensOfConsent(app.ctx, pair))
    expect(await allow(pair, ['email'])).toBe(uuid)
    const consent = await findConsent(app.ctx, pair)
    expect(consent).toMatchObject({ scopes: 'email', webScopes: '', isActive: true, revokedAt: null, tokenEpoch: 1 })
  })

  test('what was read must still hold when it is written', async () => {
    const pair = await newPair()
    const uuid = await allow(pair, ['read'])
    const seen = await findConsent(app.ctx, pair)
    const stale = () => commit(app.ctx, grantConsent(app.ctx, seen, { ...pair, user, scopes: ['write'] }).statements)
    await change(uuid, { isActive: false })
    await expect(stale()).rejects.toBeInstanceOf(Conflict)
    await change(uuid, { isActive: true, scopes: 'email' })
    await expect(stale()).rejects.toBeInstanceOf(Conflict)
    await change(uuid, { scopes: 'read', tokenEpoch: 7 })
    await expect(stale()).rejects.toBeInstanceOf(Conflict)
    const first = grantConsent(app.ctx, undefined, { ...pair, user, scopes: ['write'] })
    await expect(commit(app.ctx, first.statements)).rejects.toBeInstanceOf(Duplicate)
    expect(await findConsent(app.ctx, pair)).toMatchObject({ scopes: 'read', tokenEpoch: 7 })
  })
})
