import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { changeClient } from '../../src/clients/change-client'
import {
  findClientGrants,
  listMachineTokens,
  revokeAllAccess,
  revokeClientGrant,
  revokeMachineToken,
} from '../../src/clients/client-grants'
import type { ClientInput } from '../../src/clients/client-input'
import { countClients, selectClients } from '../../src/clients/client-list'
import type { Client } from '../../src/clients/clients'
import { createClient } from '../../src/clients/create-client'
import { deleteClient, reachOf } from '../../src/clients/delete-client'
import { changeOwnedClient, resubmitClient, withdrawProposal } from '../../src/clients/owned-changes'
import { endOverlap, hasOverlap, overlapOf, regenerateSecret } from '../../src/clients/regenerate-secret'
import { approve, reject } from '../../src/clients/review'
import { findLastDecision, findPending } from '../../src/clients/revisions'
import { verifyClientSecret } from '../../src/clients/secret'
import { issueMachineToken, issueTokens } from '../oauth/support'
import { type ClientRow, openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { ADMIN, auditAbout, clientRow, fieldsOf, refusal, requestOf, revisionsOf } from './support'

const CALLBACK = 'https://app.example/cb'

describe.each(databases)('clients in the hands of their owners, on %s', (_name, open) => {
  let app: TestApp
  let owner: UserRow
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { MAX_APPS_PER_USER: '3' } })
    owner = await app.insertUser()
  })
  afterAll(() => app.close())

  const typed = {
    ...{ clientType: 'confidential', enableAuthCodeFlow: true, enableClientCredentialsFlow: true },
    redirectUris: CALLBACK,
  }
  const owned = (overrides: Partial<ClientRow> = {}) =>
    app.insertClient({
      ...fieldsOf(typed),
      ...{ userId: owner.id, origin: 'owner' },
      ...overrides,
    })
  const change = async (client: Client, changes: Partial<ClientInput>) =>
    changeOwnedClient(requestOf(app), owner, client, fieldsOf({ ...typed, ...changes }, 'owner', client))
  const again = async ({ clientId }: Client) => (await clientRow(app, clientId)) as Client
  const works = async (client: Client, secret: string) =>
    (await verifyClientSecret(app.ctx, (await again(client)).clientSecret, secret)).matches

  describe('creating', () => {
    test('waits for approval, belongs to its maker, and is recorded; a public one has no secret', async () => {
      const maker = await app.insertUser()
      const { client, secret } = await createClient(requestOf(app), maker, { fields: fieldsOf(), by: 'owner' })
      expect(secret).toBeUndefined()
      expect(await again(client)).toMatchObject({
        ...{
          status: 'pending',
          userId: maker.id,
          createdBy: maker.id,
          origin: 'owner',
          clientSecret: null,
          version: 1,
        },
        ...{ enableDeviceFlow: true, scopes: 'email profile', tokenProfile: 'standard', allowIntrospection: false },
      })
      expect(await auditAbout(app, client.clientId)).toMatchObject([
        {
          eventType: 'CLIENT_CREATED',
          actorUserId: maker.id,
          actorUsername: maker.username,
          clientId: client.clientId,
        },
      ])
    })

    test("a confidential one has a secret that is stored as a digest; an administrator's works at once", async () => {
      const fields = fieldsOf({ clientType: 'confidential' })
      const { client, secret = '' } = await createClient(requestOf(app), await app.insertUser(), {
        fields,
        by: 'admin',
      })
      expect(secret).toMatch(/^ago_[a-z2-7]{52}$/)
      expect(client).toMatchObject({ status: 'active', origin: 'admin' })
      expect(await works(client, secret)).toBe(true)
      expect(JSON.stringify([await again(client), await auditAbout(app, client.clientId)])).not.toContain(secret)
    })

    test('only so many, also when they are made at once [SEC]', async () => {
      const maker = await app.insertUser()
      const make = () => createClient(requestOf(app), maker, { fields: fieldsOf(), by: 'owner' })
      const made = await Promise.allSettled(Array.from({ length: 6 }, make))
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
      expect(await refusal(make())).toBe('too_many')
      // Administrators are not bound by it.
      await createClient(requestOf(app), maker, { fields: fieldsOf(), by: 'admin' })
    })

    test('not for an account that was disabled meanwhile', async () => {
      const gone = await app.insertUser({ isActive: false })
      expect(await refusal(createClient(requestOf(app), gone, { fields: fieldsOf(), by: 'owner' }))).toBe('owner_gone')
    })
  })

  describe('changing an approved client', () => {
    const sensitive: [string, Partial<ClientInput>, Partial<Client>][] = [
      ['name', { clientName: 'Other' }, { clientName: 'Other' }],
      ['home page', { clientUri: 'https://x.example' }, { clientUri: 'https://x.example' }],
      ['redirect URIs', { redirectUris: 'https://evil.example/cb' }, { redirectUris: ['https://evil.example/cb'] }],
      ['scopes', { scopes: 'openid' }, { scopes: 'openid' }],
      ['grants', { enableClientCredentialsFlow: false }, { enableClientCredentialsFlow: false }],
      ['logout address', { postLogoutRedirectUris: CALLBACK }, { postLogoutRedirectUris: [CALLBACK] }],
      ['logout notification', { backchannelLogoutUri: CALLBACK }, { backchannelLogoutUri: CALLBACK }],
      [
        'type',
        { clientType: 'public', enableClientCredentialsFlow: false },
        { clientType: 'public', clientSecret: null },
      ],
      ['project', { project: 'p1' }, { project: 'p1' }],
      ['service account', { serviceAccount: 'robot@p1' }, { serviceAccount: 'robot@p1' }],
    ]
    test.each(sensitive)(
      '%s: nothing of it holds before an administrator approves it [SEC]',
      async (_, typing, result) => {
        const client = await owned()
        expect(await change(client, typing)).toEqual({ outcome: 'proposed' })
        const live = await again(client)
        expect(live).toEqual({ ...(({ secret, ...row }) => row)(client), version: 2 })

        const revision = await findPending(app.ctx, client.clientId)
        await approve(requestOf(app), { client: live, revision }, ADMIN)
        expect(await again(client)).toMatchObject({ ...result, status: 'active' })
        expect(await findPending(app.ctx, client.clientId)).toBeUndefined()
      },
    )

    test('the description changes at once', async () => {
      const client = await owned()
      app.clock.advance(1000)
      expect(await change(client, { description: 'What it does' })).toEqual({ outcome: 'described' })
      expect(await again(client)).toMatchObject({ description: 'What it does', version: 2 })
      expect(await revisionsOf(app, client.clientId)).toEqual([])
    })

    test('a later change takes the place of an earlier one; the stored one takes it back', async () => {
      const client = await owned()
      await change(client, { clientName: 'One' })
      await change(await again(client), { clientName: 'Two', description: 'd' })
      const [first, ...more] = await revisionsOf(app, client.clientId)
      expect(first).toMatchObject({ proposed: { clientName: 'Two' }, proposedBy: owner.id, status: 'pending' })
      expect(more).toEqual([])
      expect(await change(await again(client), { clientName: 'Two', description: 'd' })).toEqual({
        outcome: 'unchanged',
      })
      expect(await change(await again(client), { description: 'd' })).toEqual({ outcome: 'withdrawn' })
      expect(await revisionsOf(app, client.clientId)).toEqual([])
      expect(await refusal(withdrawProposal(requestOf(app), owner, await again(client)))).toBe('nothing_waits')
    })

    test('a change can be taken back, and records say old and new', async () => {
      const client = await owned()
      await change(client, { serviceAccount: 'root@p' })
      await withdrawProposal(requestOf(app), owner, await again(client))
      expect(await findPending(app.ctx, client.clientId)).toBeUndefined()
      const [proposed, withdrawn] = await auditAbout(app, client.clientId)
      expect(proposed).toMatchObject({
        ...{ eventType: 'CLIENT_UPDATED', actorUserId: owner.id },
        details: { changes: { service_account: { from: '', to: 'root@p' } } },
      })
      expect(withdrawn).toMatchObject({
        eventType: 'CLIENT_UPDATED',
        action: 'OAuth client change taken back by owner',
      })
    })

    test('a stale version is refused; of two changes at once one holds', async () => {
      const client = await owned()
      await change(client, { clientName: 'One' })
      expect(await refusal(change(client, { clientName: 'Two' }))).toBe('changed_meanwhile')
      const seen = await again(client)
      const both = await Promise.allSettled(['A', 'B'].map((clientName) => change(seen, { clientName })))
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(await revisionsOf(app, client.clientId)).toHaveLength(1)
    })

    test('nobody approves another change than the one that was seen [SEC]', async () => {
      const client = await owned()
      await change(client, { clientName: 'Harmless' })
      const seen = { client: await again(client), revision: await findPending(app.ctx, client.clientId) }
      await change(seen.client, { redirectUris: 'https://evil.example/cb' })
      await expect(approve(requestOf(app), seen, ADMIN)).rejects.toThrow('conflict')
    })

    test('a rejected change is told with its reason, and the approved version goes on', async () => {
      const client = await owned()
      await change(client, { clientName: 'Google' })
      const revision = await findPending(app.ctx, client.clientId)
      await reject(requestOf(app), { client: await again(client), revision }, ADMIN, 'Not your name')
      expect(await findLastDecision(app.ctx, client.clientId)).toMatchObject({
        ...{ status: 'rejected', reason: 'Not your name', proposed: { clientName: 'Google' }, decidedBy: 'admin' },
      })
      expect(await again(client)).toMatchObject({ status: 'active', clientName: client.clientName })
    })
  })

  describe('a client that is not active', () => {
    test('changes at once while it waits, and an administrator who saw the older one is refused', async () => {
      const client = await owned({ status: 'pending' })
      expect(await change(client, { clientName: 'Better' })).toEqual({ outcome: 'changed', secret: undefined })
      expect(await again(client)).toMatchObject({ clientName: 'Better', status: 'pending', version: 2 })
      await expect(approve(requestOf(app), { client }, ADMIN)).rejects.toThrow('conflict')
      expect(await change(await again(client), { clientName: 'Better' })).toEqual({ outcome: 'unchanged' })
    })

    test('gets a secret when it becomes confidential, and loses it when it becomes public', async () => {
      const client = await owned({ status: 'pending', clientType: 'public', clientSecret: null })
      const changed = await change(client, {})
      const secret = 'secret' in changed ? changed.secret : undefined
      expect(await works(client, secret ?? '')).toBe(true)
      await change(await again(client), { clientType: 'public', enableClientCredentialsFlow: false })
      expect(await again(client)).toMatchObject({ clientSecret: null, previousClientSecret: null })
    })

    test('is submitted again after a rejection, whose reason its owner reads', async () => {
      const client = await owned({ status: 'pending' })
      expect(await refusal(resubmitClient(requestOf(app), owner, client))).toBe('not_inactive')
      await reject(requestOf(app), { client }, ADMIN, 'Which team is this?')
      const rejected = await again(client)
      expect(rejected.status).toBe('inactive')
      expect(await findLastDecision(app.ctx, client.clientId)).toMatchObject({ reason: 'Which team is this?' })
      await resubmitClient(requestOf(app), owner, rejected)
      expect((await again(client)).status).toBe('pending')
      expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
        details: { status: 'pending', previous_status: 'inactive' },
      })
    })
  })

  describe("an administrator's change", () => {
    test('holds at once; leaving the active state revokes tokens; a new profile is a warning', async () => {
      const client = await owned()
      const { access_token: _, ...issued } = await issueTokens(app, { user: owner, client })
      const fields = { ...fieldsOf({ ...typed, tokenProfile: 'long' }, 'admin', client) }
      const changed = await changeClient(requestOf(app), owner, client, { fields, by: 'admin', status: 'inactive' })
      expect(changed).toMatchObject({ changed: true, tokensRevoked: 2 })
      expect(await again(client)).toMatchObject({ status: 'inactive', tokenProfile: 'long', tokenEpoch: 1 })
      expect((await reachOf(app.ctx, client.clientId)).tokens).toBe(0)
      expect(issued.familyId).not.toBe('')
      expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
        severity: 'WARNING',
        details: { previous_token_profile: 'standard', token_profile: 'long', previous_status: 'active' },
      })
    })
  })

  describe('the secret', () => {
    test('the old one ends at once without overlap', async () => {
      const client = await owned()
      const secret = await regenerateSecret(requestOf(app), owner, client, 0)
      expect(await works(client, secret)).toBe(true)
      expect(await works(client, client.secret)).toBe(false)
      expect((await again(client)).previousClientSecret).toBeNull()
      expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
        ...{ eventType: 'CLIENT_SECRET_REGENERATED', severity: 'WARNING', actorUserId: owner.id },
      })
    })

    test('both work during the overlap, until it is over or ended', async () => {
      const client = await owned()
      await regenerateSecret(requestOf(app), owner, client, 3600)
      const row = await again(client)
      expect(row.previousClientSecret).toBe(client.clientSecret)
      expect(hasOverlap(app.ctx, row)).toBe(true)
      await endOverlap(requestOf(app), owner, row)
      expect(await again(client)).toMatchObject({ previousClientSecret: null, previousSecretExpiresAt: null })
      expect(await refusal(endOverlap(requestOf(app), owner, await again(client)))).toBe('nothing_waits')
    })

    test('a public client has none; a stale version is refused', async () => {
      const open = await owned({ clientType: 'public', clientSecret: null })
      expect(await refusal(regenerateSecret(requestOf(app), owner, open, 0))).toBe('no_secret')
      const client = await owned()
      await regenerateSecret(requestOf(app), owner, client, 0)
      expect(await refusal(regenerateSecret(requestOf(app), owner, client, 0))).toBe('changed_meanwhile')
    })

    test('only overlaps that are offered', () => {
      expect(['0', '3600', '86400', '604800'].map(overlapOf)).toEqual([0, 3600, 86_400, 604_800])
      for (const other of [undefined, '', '-1', '1e9', '3600.5', '999999999']) expect(overlapOf(other)).toBe(0)
    })
  })

  describe('deleting', () => {
    test('takes tokens, consents and revisions along', async () => {
      const client = await owned()
      await issueTokens(app, { user: owner, client })
      await issueMachineToken(app, client)
      await change(client, { clientName: 'x' })
      const live = await again(client)
      expect(await reachOf(app.ctx, client.clientId)).toEqual({ tokens: 3, consents: 1 })
      expect(await refusal(deleteClient(requestOf(app), owner, live, 'owner'))).toBe('active')
      expect(await deleteClient(requestOf(app), owner, live, 'admin')).toEqual({ tokens: 3, consents: 1 })
      expect(await again(client)).toBeUndefined()
      expect(await revisionsOf(app, client.clientId)).toEqual([])
      const { q, t } = app.ctx.db
      const tokens = await q.select().from(t.accessTokens).where(eq(t.accessTokens.clientId, client.clientId))
      expect(tokens.map(({ status }) => status)).toEqual(['revoked', 'revoked', 'revoked'])
      expect(await refusal(deleteClient(requestOf(app), owner, live, 'admin'))).toBe('changed_meanwhile')
    })

    test('an owner deletes one that waits or was rejected', async () => {
      for (const status of ['pending', 'inactive'] as const) {
        const client = await owned({ status })
        await deleteClient(requestOf(app), owner, client, 'owner')
        expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
          ...{ eventType: 'CLIENT_DELETED', action: 'OAuth client deleted by owner', severity: 'WARNING' },
        })
      }
    })
  })

  describe('what was granted', () => {
    test('is listed by grant, revoked one by one, and only for that client [SEC]', async () => {
      const [client, other] = [await owned(), await owned()]
      const { familyId } = await issueTokens(app, { user: owner, client })
      await issueTokens(app, { user: await app.insertUser(), client })
      await issueMachineToken(app, client)
      const found = await findClientGrants(app.ctx, client.clientId)
      expect(found.total).toBe(2)
      const grants = await found.select({ limit: 10, offset: 0 })
      expect(grants.map(({ username }) => username)).toContain(owner.username)
      expect(await refusal(revokeClientGrant(requestOf(app), owner, other, familyId))).toBe('changed_meanwhile')
      expect(await revokeClientGrant(requestOf(app), owner, client, familyId)).toEqual({ tokensRevoked: 2 })
      expect((await findClientGrants(app.ctx, client.clientId)).total).toBe(1)

      const [machine] = await listMachineTokens(app.ctx, client.clientId)
      expect(await refusal(revokeMachineToken(requestOf(app), owner, other, machine?.id ?? ''))).toBe(
        'changed_meanwhile',
      )
      await revokeMachineToken(requestOf(app), owner, client, machine?.id ?? '')
      expect(await listMachineTokens(app.ctx, client.clientId)).toEqual([])
    })

    test('all of it ends at once, which is recorded with its number', async () => {
      const client = await owned()
      await issueTokens(app, { user: owner, client })
      await issueMachineToken(app, client)
      expect(await revokeAllAccess(requestOf(app), owner, client, 'owner')).toEqual({
        ...{ tokensRevoked: 3, consentsEnded: 1 },
      })
      expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
        ...{ eventType: 'CLIENT_TOKENS_REVOKED_ALL', severity: 'CRITICAL', details: { revoked_count: 3 } },
      })
    })
  })

  test('lists: own ones, newest first, by text and status', async () => {
    const user = await app.insertUser()
    const mine = async (clientName: string, overrides: Partial<ClientRow> = {}) => {
      app.clock.advance(1000)
      return await owned({ clientName, userId: user.id, createdAt: new Date(app.clock.now()), ...overrides })
    }
    await mine('Alpha 100%')
    await mine('Beta', { description: 'for ALPHA', status: 'pending' })
    await mine('Gamma_', { status: 'inactive' })
    await owned({ clientName: 'Alpha of somebody else' })
    const names = async (search: string, status?: string) => {
      const selection = { search, filters: { status }, ownerId: user.id }
      const rows = await selectClients(app.ctx, selection, { limit: 10, offset: 0 })
      expect(await countClients(app.ctx, selection)).toBe(rows.length)
      return rows.map(({ clientName }) => clientName)
    }
    expect(await names('')).toEqual(['Gamma_', 'Beta', 'Alpha 100%'])
    expect(await names('alpha')).toEqual(['Beta', 'Alpha 100%'])
    expect(await names('%')).toEqual(['Alpha 100%'])
    expect(await names('_')).toEqual(['Gamma_'])
    expect(await names('\u0000alpha', 'pending')).toEqual(['Beta'])
    expect(await names("' or 1=1 --")).toEqual([])
  })
})
