/** Every route of the server, as composed: who may enter, as page and as JSON, and that no form works without its token. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { composeFeatures } from '../../src/server'
import { openTestApp, type TestApp } from '../support/app'

const SETTINGS = {
  ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
  METRICS_ENABLED: 'true',
  GITHUB_OAUTH_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
  GITHUB_REDIRECT_URL: 'http://localhost:8080/auth/callback/github',
}

interface Route {
  readonly method: string
  readonly path: string
}

/** Called by programs, or by browsers that are not signed in; each has tests of its own. */
const OPEN = [
  /^\/$/,
  /^\/(login|logout|language|device|favicon\.ico|health|livez|readyz|metrics)(\/|$)/,
  /^\/(static|docs|auth|oauth|\.well-known|swagger)(\/|$)/,
]
/** Forms that change something for a browser without a session, with protection of their own. */
const isOpen = ({ path }: Route): boolean => OPEN.some((pattern) => pattern.test(path))
const isAdmin = ({ path }: Route): boolean => path === '/admin' || path.startsWith('/admin/')

const app: TestApp = await openTestApp({ settings: SETTINGS })
const routes: Route[] = composeFeatures(app.ctx, { draining: () => false })
  .routes.map(({ method, path }) => ({ method, path }))
  .filter(({ method }) => method === 'GET' || method === 'POST')
const guarded = routes.filter((route) => !isOpen(route))
const name = ({ method, path }: Route): string => `${method} ${path}`

/** A path with something in the place of its parameters that belongs to nobody. */
const example = (path: string): string => path.replaceAll(/:[a-z_]+/gi, crypto.randomUUID())

const send = ({ method, path }: Route, headers: Record<string, string>, fields?: Record<string, string>) =>
  method === 'GET' ? app.get(example(path), { headers }) : app.postForm(example(path), fields ?? {}, headers)

const PAGE = { accept: 'text/html' }
const JSON_CALLER = { accept: 'application/json' }

describe('every route', () => {
  let user: { cookie: string; csrfToken: string }
  let admin: { cookie: string; csrfToken: string }
  beforeAll(async () => {
    user = await app.signIn(await app.insertUser())
    admin = await app.signIn(await app.insertUser({ role: 'admin' }))
  })
  afterAll(() => app.close())

  test('the list is that of the whole server', () => {
    expect(guarded.length).toBeGreaterThan(60)
    expect(guarded.filter(isAdmin).length).toBeGreaterThan(20)
  })

  test.each(guarded.map((route) => [name(route), route] as const))(
    '%s: nobody enters unknown [SEC]',
    async (_, route) => {
      const page = await send(route, PAGE)
      const toLogin = page.status === 302 && page.headers.get('location')?.startsWith('/login')
      expect(toLogin || page.status === 401 || page.status === 403).toBe(true)
      const json = await send(route, JSON_CALLER)
      expect([401, 403]).toContain(json.status)
      expect(await json.text()).not.toContain('<html')
    },
  )

  test.each(guarded.filter(isAdmin).map((route) => [name(route), route] as const))(
    '%s: only administrators enter [SEC]',
    async (_, route) => {
      for (const kind of [PAGE, JSON_CALLER]) {
        const answer = await send(route, { ...kind, cookie: user.cookie }, { csrf_token: user.csrfToken })
        expect(answer.status).toBe(403)
      }
    },
  )

  test.each(
    routes
      .filter(({ method, path }) => method === 'POST' && !path.startsWith('/oauth/'))
      .map((route) => [name(route), route] as const),
  )('%s: no form works without its token (CWE-352) [SEC]', async (_, route) => {
    for (const fields of [{}, { csrf_token: '' }, { csrf_token: user.csrfToken }] as Record<string, string>[]) {
      const answer = await send(route, { ...PAGE, cookie: admin.cookie }, { language: 'en', ...fields })
      expect([route.path, answer.status]).toEqual([route.path, 403])
    }
  })

  test.each(guarded.filter(({ method }) => method === 'GET').map((route) => [name(route), route] as const))(
    '%s: an administrator gets an answer that is no fault',
    async (_, route) => {
      const answer = await send(route, { ...PAGE, cookie: admin.cookie })
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers.get('cache-control') ?? '').toContain('no-store')
    },
  )
})
