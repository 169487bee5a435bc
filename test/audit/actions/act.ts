/** What the table of audited actions is written in: one request or command, and exactly the records it has to leave. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventType, ResourceType } from '../../../src/audit/events'
import type { AuditRow } from '../../../src/audit/row'
import { composeFeatures } from '../../../src/server'
import { VACANT } from '../../../src/tokens/key-files'
import { type ClientRow, openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { removeFolder, temporaryFolder } from '../../support/daemon'
import { startGitHub } from '../../support/providers/github'

export interface Expected {
  readonly event: EventType
  /** Id and name of who did it; both empty where nobody is known. */
  readonly actor: readonly [string, string]
  /** Kind and id of what it was done to. */
  readonly target: readonly [ResourceType | '', string]
  readonly success: boolean
}

export type Person = UserRow & { password: string } & { readonly signedIn: SignedIn }
export type App = ClientRow & { secret: string }

/** The surroundings of one action. Only what is sent with `mark` is looked at. */
export interface Act {
  readonly app: TestApp
  /** Header fields by which the records of the action are found. */
  readonly mark: Record<string, string>
  /** No action is limited by what came from the address of another. */
  readonly address: string
  readonly github: Awaited<ReturnType<typeof startGitHub>>
  /** Somebody new who is signed in. */
  person(overrides?: Partial<UserRow>): Promise<Person>
  admin(): Promise<Person>
  client(overrides?: Partial<ClientRow>): Promise<App>
  /** The action itself, in a signed-in browser. */
  post(who: Person, path: string, fields?: Record<string, string>): Promise<Response>
  get(who: Person, path: string): Promise<Response>
}

/** What is done, and what it returns as the records to find. */
export type Action = readonly [does: string, act: (act: Act) => Promise<readonly Expected[]>]

type Party = { readonly id: string; readonly username: string }

export const NOBODY = ['', ''] as const
export const NOTHING = ['', ''] as const
export const someone = ({ id, username }: Party) => [id, username] as const
export const machine = ({ clientId }: ClientRow) => [`client:${clientId}`, ''] as const
export const account = ({ id }: { readonly id: string }) => ['USER', id] as const
export const client = ({ clientId }: Pick<ClientRow, 'clientId'>) => ['CLIENT', clientId] as const
export const token = (id: string) => ['TOKEN', id] as const
export const consent = (id: string) => ['AUTHORIZATION', id] as const
export const code = (id: string) => ['DEVICE_CODE', id] as const

export const record = (
  event: EventType,
  actor: Expected['actor'],
  target: Expected['target'],
  success = true,
): Expected => ({ event, actor, target, success })
export const refused = (event: EventType, actor: Expected['actor'], target: Expected['target']): Expected =>
  record(event, actor, target, false)

export const asExpected = (row: AuditRow): Expected => ({
  event: row.eventType as EventType,
  actor: [row.actorUserId, row.actorUsername],
  target: [row.resourceType as Expected['target'][0], row.resourceId],
  success: row.success,
})

/** How many logins an address has in a minute. */
export const TRIES = 3

const SETTINGS = {
  ENABLE_RATE_LIMIT: 'true',
  ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
  LOGIN_RATE_LIMIT: String(TRIES),
  JWT_EXPIRATION_JITTER: '0s',
  SESSION_MAX_AGE: '36000',
}

export interface Done {
  readonly expected: readonly Expected[]
  readonly rows: readonly AuditRow[]
  readonly address: string
}

interface Taken {
  readonly done: ReadonlyMap<string, Done | Error>
  /** Routes with a POST that no action has sent anything to. */
  readonly untouched: readonly string[]
}

interface Outcome {
  readonly id: string
  readonly address: string
  readonly outcome: readonly Expected[] | Error
}

/** Takes every action once, on one server, and finds what each has left in the trail. */
export async function takeActions(actions: readonly Action[]): Promise<Taken> {
  const github = await startGitHub()
  const folder = temporaryFolder('actions')
  const keyFile = join(folder, 'next.pem')
  writeFileSync(keyFile, `${VACANT}\n`)
  const settings = { ...SETTINGS, ...github.settings, JWT_ADDITIONAL_KEY_PATHS: keyFile }
  const { app, untouched } = watchRoutes(await openTestApp({ settings }))
  const taken = new Map<string, Outcome>()
  for (const [index, [does, act]] of actions.entries()) {
    const [id, address] = [`action-${index}`, `198.51.100.${index}`]
    const outcome = await act(surroundings(app, github, id, address)).catch((error: Error) => error)
    taken.set(does, { id, address, outcome })
  }
  // Records that wait in the buffer are written.
  await app.ctx.audit.stop(5_000)
  const rows = await app.ctx.db.q.select().from(app.ctx.db.t.auditLogs)
  await app.close()
  await github.server.stop()
  removeFolder(folder)
  const done = ({ id, address, outcome }: Outcome) =>
    outcome instanceof Error
      ? outcome
      : { expected: outcome, rows: rows.filter(({ requestId }) => requestId === id), address }
  return { done: new Map([...taken].map(([does, each]) => [does, done(each)])), untouched: untouched() }
}

function watchRoutes(app: TestApp): { app: TestApp; untouched(): string[] } {
  const routes = composeFeatures(app.ctx, { draining: () => false }).routes.filter(({ method }) => method === 'POST')
  const sent = new Set<string>()
  const watched: TestApp = {
    ...app,
    postForm: (path, fields, headers) => {
      sent.add(path.split('?')[0] ?? '')
      return app.postForm(path, fields, headers)
    },
    get: (path, init) => {
      if (init?.method === 'POST') sent.add(path)
      return app.get(path, init)
    },
  }
  const pattern = (path: string) => new RegExp(`^${path.replaceAll(/:[a-z_]+/gi, '[^/]+')}$`)
  const untouched = () =>
    routes.map(({ path }) => path).filter((path) => ![...sent].some((each) => pattern(path).test(each)))
  return { app: watched, untouched }
}

function surroundings(app: TestApp, github: Act['github'], id: string, address: string): Act {
  const mark = { 'x-request-id': id, 'x-forwarded-for': address, accept: 'text/html' }
  const signedIn = async (overrides: Partial<UserRow>) => {
    const user = await app.insertUser(overrides)
    return { ...user, signedIn: await app.signIn(user) }
  }
  return {
    ...{ app, mark, address, github },
    person: (overrides = {}) => signedIn(overrides),
    admin: () => signedIn({ role: 'admin' }),
    client: (overrides = {}) => app.insertClient(overrides),
    post: async (who, path, fields = {}) => {
      const { cookie, csrfToken } = who.signedIn
      return await app.postForm(path, { csrf_token: csrfToken, ...fields }, { ...mark, cookie })
    },
    get: async (who, path) => await app.get(path, { headers: { ...mark, cookie: who.signedIn.cookie } }),
  }
}
