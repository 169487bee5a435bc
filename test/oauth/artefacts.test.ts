/**
 * Every secret this server hands out, presented at every endpoint that takes one, in every state of what it stands on:
 * one is accepted only where it belongs, and only while it is live. The one answer each cell must have follows from
 * what the artefact stands on, what the state has ended, and how the endpoint refuses.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { revokeTokensOfClient, revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import type { TestApp } from '../support/app'
import { databases, type OpenDatabase, openTestSqlite } from '../support/databases'
import { ec, privatePem } from '../tokens/keys-support'
import { ENDPOINTS, type Endpoint, type Verdict } from './artefacts-endpoints'
import {
  ALL,
  type Artefact,
  type Genuine,
  type Ground,
  isGenuine,
  makeScene,
  natureOf,
  openArtefactApp,
  type Scene,
} from './artefacts-support'
import { changeClient } from './authorize/support'
import { auditRows, basic } from './support'

interface State {
  /** Makes it so. */
  enter?(scene: Scene): Promise<unknown>
  /** What is gone then. */
  readonly ends?: readonly Ground[]
  readonly hours?: number
  /** Artefacts that ended by themselves. */
  readonly revoked?: readonly Artefact[]
  readonly caller?: 'stranger'
}

const later = (hours: number): State => ({
  enter: async ({ app }) => app.clock.advance(hours * 3_600_000),
  hours,
})

const STATES: Readonly<Record<string, State>> = {
  live: {},
  'presented by another client': { caller: 'stranger' },
  'a quarter of an hour later': later(0.25),
  'eleven hours later': later(11),
  '91 days later': later(91 * 24),
  'consent revoked': {
    enter: ({ app, user, client }) =>
      commit(app.ctx, revokeTokensOfConsent(app.ctx, { userId: user.id, clientId: client.clientId })),
    ends: ['consent'],
  },
  'all grants of the user revoked': {
    enter: ({ app, user }) => commit(app.ctx, revokeTokensOfUser(app.ctx, user.id)),
    ends: ['grants of user'],
  },
  'all grants of the client revoked': {
    enter: ({ app, client }) => commit(app.ctx, revokeTokensOfClient(app.ctx, client.clientId)),
    ends: ['grants of client'],
  },
  'refresh token revoked by its client': {
    enter: ({ app, client, artefacts }) =>
      app.postForm('/oauth/revoke', { token: artefacts['refresh token'] }, basic(client.clientId, client.secret)),
    revoked: ['refresh token'],
  },
  'user disabled': {
    enter: ({ app, user }) => {
      const { q, t } = app.ctx.db
      return q.update(t.users).set({ isActive: false }).where(eq(t.users.id, user.id))
    },
    ends: ['account'],
  },
  'user deleted': {
    enter: ({ app, user }) => {
      const { q, t } = app.ctx.db
      return q.delete(t.users).where(eq(t.users.id, user.id))
    },
    ends: ['account'],
  },
  'client inactive': {
    enter: ({ app, client }) => changeClient(app, client, { status: 'inactive' }),
    ends: ['client'],
  },
  'client deleted': {
    enter: ({ app, client }) => {
      const { q, t } = app.ctx.db
      return q.delete(t.oauthApplications).where(eq(t.oauthApplications.clientId, client.clientId))
    },
    ends: ['client', 'registration'],
  },
}

const SESSION_HOURS = 0.5

function expected(endpoint: Endpoint, state: State, artefact: Artefact): Verdict {
  const { ends = [], hours = 0, revoked = [], caller } = state
  const { needs, takes, known, byRecord, refusal, asksWho } = endpoint
  const foreign = caller === 'stranger'
  if (needs === 'client' && !foreign && ends.includes('client')) return '401 invalid_client'
  if (needs === 'session' && (ends.includes('account') || hours > SESSION_HOURS)) return 'sign in'
  if (foreign && asksWho) return endpoint.foreign?.[artefact] ?? refusal

  // Spoilt ones are made of grants like the genuine.
  const { on, lives = Number.POSITIVE_INFINITY } = natureOf(isGenuine(artefact) ? artefact : originOf(artefact))
  const expired = hours >= lives && !byRecord
  const grounds = byRecord ? on.filter((ground) => ground !== 'account') : on
  const ended = revoked.includes(artefact) || grounds.some((ground) => ends.includes(ground))
  if (ended) return refusal
  const told = known?.[artefact]
  if (told) return expired ? told.expired : told.alive
  return takes.includes(artefact) && !expired ? 'accepted' : refusal
}

const originOf = (artefact: Artefact): Genuine => {
  const name = artefact.split(/,| of another/)[0] as Artefact
  return isGenuine(name) ? name : 'client secret'
}

interface Server {
  readonly open: OpenDatabase
  readonly settings: Record<string, string>
}

const PLAIN: Server = { open: openTestSqlite, settings: {} }
const ES256: Server = {
  open: openTestSqlite,
  settings: { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: privatePem(ec()) },
}
/** The states in which the database or the key could make a difference: right, revoked, disabled. */
const ELSEWHERE = ['live', 'consent revoked', 'all grants of the user revoked', 'user disabled', 'client inactive']

const SETUPS: [string, string, Server][] = [
  ...Object.keys(STATES).map((state): [string, string, Server] => ['SQLite and HS256', state, PLAIN]),
  ...ELSEWHERE.map((state): [string, string, Server] => ['SQLite and ES256', state, ES256]),
  ...databases
    .filter(([name]) => name === 'PostgreSQL')
    .flatMap(([name, open]) =>
      ELSEWHERE.map((state): [string, string, Server] => [`${name} and HS256`, state, { open, settings: {} }]),
    ),
]

describe.each(SETUPS)('artefacts with %s, %s [SEC]', (_server, stateName, { open, settings }) => {
  const state = STATES[stateName] as State
  let app: TestApp
  beforeAll(async () => {
    app = await openArtefactApp(open, settings)
  })
  afterAll(() => app.close())

  test.each(Object.entries(ENDPOINTS))('%s', async (_endpoint, endpoint) => {
    const scene = await makeScene(app)
    await state.enter?.(scene)
    const caller = state.caller === 'stranger' ? scene.stranger : scene.client
    const verdicts: [Artefact, Verdict][] = []
    for (const artefact of ALL)
      verdicts.push([artefact, await endpoint.present(scene, scene.artefacts[artefact], caller)])
    expect(verdicts).toEqual(ALL.map((artefact) => [artefact, expected(endpoint, state, artefact)]))
  })
})

test('none of them is repeated: in no error of the protocol, no log line and no record [SEC]', async () => {
  const app = await openArtefactApp(openTestSqlite, {})
  const errors: string[] = []
  const noted = async (answer: Promise<Response>) => {
    const response = await answer
    const isProtocol = response.headers.get('content-type')?.startsWith('application/json')
    if (response.status >= 400 && isProtocol) errors.push(await response.clone().text())
    return response
  }
  const scene = await makeScene({
    ...app,
    get: (...args) => noted(app.get(...args)),
    postForm: (...args) => noted(app.postForm(...args)),
  })
  for (const caller of [scene.client, scene.stranger])
    for (const { present } of Object.values(ENDPOINTS))
      for (const artefact of ALL) await present(scene, scene.artefacts[artefact], caller)
  const records = await auditRows(app)
  expect([errors.length > 500, records.length > 50]).toEqual([true, true])
  const places = { errors, log: app.log(), records }
  for (const [place, contents] of Object.entries(places)) {
    const text = JSON.stringify(contents)
    const repeated = ALL.filter((artefact) => artefact !== 'garbage' && text.includes(scene.artefacts[artefact]))
    expect([place, repeated]).toEqual([place, []])
  }
  await app.close()
})

test('the matrix knows every way in: each endpoint accepts something, each artefact is accepted somewhere', () => {
  const live = (endpoint: Endpoint, artefact: Artefact) => expected(endpoint, {}, artefact) === 'accepted'
  const endpoints = Object.entries(ENDPOINTS)
  expect(endpoints.filter(([, endpoint]) => !ALL.some((artefact) => live(endpoint, artefact)))).toEqual([])
  const idle = ALL.filter(isGenuine).filter((artefact) => !endpoints.some(([, endpoint]) => live(endpoint, artefact)))
  // Becomes a token once it is approved.
  expect(idle).toEqual(['device code'])
})
