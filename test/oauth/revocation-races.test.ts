/**
 * Everything that issues codes or tokens, 64 requests at once, beside everything a person does to end access. Each end
 * is undone afterwards where it can be: then nothing that was issued before or beside it works again. Only what was
 * allowed anew after a revocation does, as it would have been a second later.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { and, inArray, isNull } from 'drizzle-orm'
import { changeClient } from '../../src/clients/change-client'
import { revokeAllAccess } from '../../src/clients/client-grants'
import { deleteClient } from '../../src/clients/delete-client'
import { deleteUser } from '../../src/users/delete-user'
import { clientRow, requestOf as requestAsStaff } from '../clients/support'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import * as authorize from './authorize/support'
import { insertCode, REDIRECT_URI, redeem, type TestClient, VERIFIER } from './code-support'
import * as device from './device/support'
import { bearer } from './support'

const WIDTH = 64
/** Answered before the end is sent, and sent after it was answered. */
const APART = 8
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const requestFor = (client: TestClient, changes: authorize.Fields = {}) =>
  authorize.requestOf(client, { scope: 'read', code_challenge: CHALLENGE, ...changes })

interface Pair {
  readonly user: UserRow
  readonly session: SignedIn
  readonly client: TestClient
}

/** What one request issued; resolves to whether it works. */
type Issued = () => Promise<boolean>

interface Issuance {
  /** Whether a person allows something in it: then it is a grant of its own after a revocation. */
  readonly allows: boolean
  /** Once for each pair. */
  ready?(app: TestApp, pair: Pair): Promise<unknown>
  /** All but the last step, which resolves to what it issued; nothing when it was refused. */
  prepare(app: TestApp, pair: Pair): Promise<() => Promise<[Response | device.Answer, Issued | undefined]>>
}

const codeWorks =
  (app: TestApp, { client }: Pair, code: string): Issued =>
  async () =>
    (await redeem(app, client, code)).status === 200

type Tokens = Readonly<Record<string, unknown>>

const tokensWork =
  (app: TestApp, { client }: Pair, tokens: Tokens): Issued =>
  async () => {
    const info = await app.get('/oauth/tokeninfo', { headers: bearer(String(tokens.access_token)) })
    const refreshed = await app.postForm('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) },
      ...{ client_id: client.clientId, client_secret: client.secret },
    })
    return info.status === 200 || refreshed.status === 200
  }

const codeIn = (app: TestApp, pair: Pair, response: Response): Issued | undefined => {
  const code = authorize.answerAt(response, REDIRECT_URI)?.code
  return code === undefined ? undefined : codeWorks(app, pair, code)
}

const ISSUANCES: Readonly<Record<string, Issuance>> = {
  'Allow on the consent page': {
    allows: true,
    prepare: async (app, pair) => {
      const path = requestFor(pair.client, { prompt: 'consent' })
      const requestId = await authorize.requestIdOf(await authorize.open(app, pair.session, path))
      return async () => {
        const response = await authorize.decideOn(app, pair.session, { request_id: requestId, action: 'approve' })
        return [response, codeIn(app, pair, response)]
      }
    },
  },
  'a remembered consent': {
    allows: false,
    ready: (app, { session, client }) => authorize.settle(app, session, requestFor(client, { prompt: 'consent' })),
    prepare: async (app, pair) => async () => {
      const response = await authorize.open(app, pair.session, requestFor(pair.client))
      return [response, codeIn(app, pair, response)]
    },
  },
  'the code grant': {
    allows: false,
    prepare: async (app, pair) => {
      const { code } = await insertCode(app, { ...pair, scope: 'read' })
      return async () => {
        const response = await redeem(app, pair.client, code)
        const issued = response.status === 200 ? tokensWork(app, pair, (await response.json()) as Tokens) : undefined
        return [response, issued]
      }
    },
  },
  'the refresh grant': {
    allows: false,
    prepare: async (app, pair) => {
      const { client } = pair
      const response = await redeem(app, client, (await insertCode(app, { ...pair, scope: 'read' })).code)
      const { refresh_token } = (await response.json()) as { refresh_token: string }
      const form = { grant_type: 'refresh_token', refresh_token }
      const credentials = { client_id: client.clientId, client_secret: client.secret }
      return async () => {
        const answer = await app.postForm('/oauth/token', { ...form, ...credentials })
        return [answer, answer.status === 200 ? tokensWork(app, pair, (await answer.json()) as Tokens) : undefined]
      }
    },
  },
  'Allow for a device': {
    allows: true,
    prepare: async (app, pair) => {
      const { deviceCode, userCode } = await device.newCodes(app, pair.client, 'read')
      const requestId = (await device.confirmationOf(app, pair.session, userCode)) ?? ''
      return async () => {
        const response = await device.decideOn(app, pair.session, requestId, 'approve')
        const isAllowed = response.headers.get('location')?.startsWith('/device/done') === true
        const works = async () => (await device.poll(app, pair.client, deviceCode)).status === 200
        return [response, isAllowed ? works : undefined]
      }
    },
  },
  'the device grant': {
    allows: false,
    prepare: async (app, pair) => {
      const { deviceCode, userCode } = await device.newCodes(app, pair.client, 'read')
      await device.settle(app, pair.session, userCode)
      return async () => {
        const answer = await device.poll(app, pair.client, deviceCode)
        return [answer, answer.status === 200 ? tokensWork(app, pair, answer.body) : undefined]
      }
    },
  },
}

interface End {
  /** Users × clients, of which there is one wherever the end concerns one. */
  readonly users: number
  readonly clients: number
  apply(app: TestApp, pair: Pair, administrator: Administrator): Promise<unknown>
  /** Gives back what can be given back. */
  undo?(app: TestApp, pair: Pair, administrator: Administrator): Promise<unknown>
}

interface Administrator {
  readonly user: UserRow
  readonly session: SignedIn
}

async function press(app: TestApp, { cookie, csrfToken }: SignedIn, path: string): Promise<void> {
  const response = await app.postForm(path, { csrf_token: csrfToken }, { cookie })
  if (![302, 303].includes(response.status)) throw new Error(`${path}: ${response.status} ${await response.text()}`)
}

async function setStatus(app: TestApp, { client }: Pair, { user }: Administrator, status: 'active' | 'inactive') {
  const row = await clientRow(app, client.clientId)
  if (!row) throw new Error('no such client')
  await changeClient(requestAsStaff(app), user, row, { fields: row, by: 'admin', status })
}

const ENDS: Readonly<Record<string, End>> = {
  'the user is disabled': {
    ...{ users: 1, clients: 4 },
    apply: (app, { user }, { session }) => press(app, session, `/admin/users/${user.id}/disable`),
    undo: (app, { user }, { session }) => press(app, session, `/admin/users/${user.id}/enable`),
  },
  'the client is made inactive': {
    ...{ users: 4, clients: 1 },
    apply: (app, pair, administrator) => setStatus(app, pair, administrator, 'inactive'),
    undo: (app, pair, administrator) => setStatus(app, pair, administrator, 'active'),
  },
  'the consent is taken back': {
    ...{ users: 1, clients: 1 },
    apply: async (app, pair) => {
      const consent = await device.consentRow(app, { userId: pair.user.id, clientId: pair.client.clientId })
      await press(app, pair.session, `/account/authorizations/${consent?.uuid}/revoke`)
    },
  },
  'all access through the client is revoked': {
    ...{ users: 4, clients: 1 },
    apply: async (app, { client }, { user }) => revokeAllAccess(requestAsStaff(app), user, client, 'admin'),
  },
}

/** What ends access along with something else; it differs from the others by its commit only. */
const FURTHER_ENDS: Readonly<Record<string, End>> = {
  'the user is deleted': {
    ...{ users: 1, clients: 4 },
    apply: (app, { user }, administrator) => deleteUser(requestAsStaff(app), administrator.user, user, undefined),
  },
  'an administrator sets a new password': {
    ...{ users: 1, clients: 4 },
    apply: (app, { user }, { session }) => press(app, session, `/admin/users/${user.id}/reset-password`),
  },
  'the client is deleted': {
    ...{ users: 4, clients: 1 },
    apply: async (app, { client }, { user }) => deleteClient(requestAsStaff(app), user, client, 'admin'),
  },
}
const ALL_ENDS: Readonly<Record<string, End>> = { ...ENDS, ...FURTHER_ENDS }

describe.each(databases)('issuance beside the end of access on %s [SEC]', (_name, open) => {
  let app: TestApp
  let administrator: Administrator
  beforeAll(async () => {
    app = await openTestApp({ open })
    const user = await app.insertUser({ role: 'admin' })
    administrator = { user, session: await app.signIn(user) }
  })
  afterAll(() => app.close())

  async function pairsFor({ users, clients }: End): Promise<Pair[]> {
    const people = await Promise.all(Array.from({ length: users }, () => app.insertUser()))
    const sessions = await Promise.all(people.map((user) => app.signIn(user)))
    const programs = await Promise.all(Array.from({ length: clients }, () => app.insertClient()))
    return people.flatMap((user, n) => programs.map((client) => ({ user, session: sessions[n] as SignedIn, client })))
  }

  /** Codes of every kind that were made, or allowed, before `moment` and can still become tokens. */
  async function waitingSince(moment: number, pairs: readonly Pair[]): Promise<string[]> {
    const { q, t } = app.ctx.db
    const ids = pairs.map(({ client }) => client.clientId)
    const codes = await q
      .select()
      .from(t.authorizationCodes)
      .where(and(inArray(t.authorizationCodes.clientId, ids), isNull(t.authorizationCodes.usedAt)))
    const deviceCodes = await q
      .select()
      .from(t.deviceCodes)
      .where(and(inArray(t.deviceCodes.clientId, ids), isNull(t.deviceCodes.consumedAt)))
    const isEarlier = (made: Date | null) => made !== null && made.getTime() < moment
    return [
      ...codes.filter(({ createdAt }) => isEarlier(createdAt)).map(({ uuid }) => uuid),
      ...deviceCodes.filter(({ authorizedAt }) => isEarlier(authorizedAt)).map(({ id }) => String(id)),
    ]
  }

  const cases = [
    ...Object.keys(ENDS).flatMap((end) => Object.keys(ISSUANCES).map((issuance) => [issuance, end] as const)),
    ...Object.keys(FURTHER_ENDS).flatMap((end) => [
      ['the code grant', end] as const,
      ['the refresh grant', end] as const,
    ]),
  ]
  test.each(cases)('%s, while %s', async (issuanceName, endName) => {
    const [issuance, end] = [ISSUANCES[issuanceName] as Issuance, ALL_ENDS[endName] as End]
    const pairs = await pairsFor(end)
    const first = pairs[0] as Pair
    for (const pair of pairs) await issuance.ready?.(app, pair)
    const steps: Awaited<ReturnType<Issuance['prepare']>>[] = []
    for (let n = 0; n < WIDTH; n += 1) steps.push(await issuance.prepare(app, pairs[n % pairs.length] as Pair))

    const before = await Promise.all(steps.splice(0, APART).map((step) => step()))
    expect(before.filter(([, issued]) => issued === undefined)).toEqual([])
    const after = steps.splice(0, APART)
    const beside = steps.map(async (step, n) => {
      await Bun.sleep(Math.floor(n / 6) * 2)
      return await step()
    })
    await Bun.sleep(6)
    app.clock.advance(1_000)
    const moment = app.clock.now()
    await end.apply(app, first, administrator)
    const late = await Promise.all(after.map((step) => step()))
    const answers = [...before, ...(await Promise.all(beside)), ...late]
    expect(answers.filter(([{ status }]) => status >= 500)).toEqual([])
    await end.undo?.(app, first, administrator)
    expect(await waitingSince(moment, pairs)).toEqual([])

    const isAnew = issuance.allows && end.undo === undefined
    if (!isAnew) expect(late.filter(([, issued]) => issued !== undefined)).toEqual([])
    const working: number[] = []
    for (const [n, [, issued]] of answers.entries()) if (await issued?.()) working.push(n)
    // What was allowed after the revocation had been answered must work, or the others would not be told apart.
    const anew = Array.from({ length: APART }, (_, n) => WIDTH - APART + n)
    expect(working.filter((n) => n < APART || n >= WIDTH - APART)).toEqual(isAnew ? anew : [])
    if (!isAnew) expect(working).toEqual([])
  })
})
