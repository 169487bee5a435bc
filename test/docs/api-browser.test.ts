import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { composeFeatures } from '../../src/server'
import { openTestApp, type TestApp } from '../support/app'

const INDEX = '/swagger/index.html'
const DOCUMENT = '/swagger/doc.json'

/** Routes for people, for browsers alone, or that only belong to another one. */
const NOT_FOR_PROGRAMS = [
  ...['GET /', 'POST /language', 'GET /favicon.ico', 'POST /oauth/authorize', 'POST /oauth/end_session'],
  'POST /oauth/end_session/confirm',
]
const PAGES = /^\/(admin|account|apps|docs|static|auth|login|logout|device|swagger|reveal)(\/|$)/

interface OpenApi {
  readonly openapi: string
  readonly info: object
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: unknown; summary: string }>>>
  >
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> }
}

describe('the API browser', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({
      settings: { ENABLE_SWAGGER: 'true', ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true', METRICS_ENABLED: 'true' },
    })
  })
  afterAll(() => app.close())

  const read = async () => (await (await app.get(DOCUMENT)).json()) as OpenApi

  test('describes every endpoint that programs call', async () => {
    const { paths, ...document } = await read()
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    const { routes } = composeFeatures(app.ctx, { draining: () => false })
    const expected = routes
      .filter(({ path }) => !PAGES.test(path) || path.startsWith('/admin/audit/api'))
      .map(({ method, path }) => `${method} ${path}`)
      .filter((name) => !NOT_FOR_PROGRAMS.includes(name))
    expect(described.toSorted()).toEqual(expected.toSorted())
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'AuthGate API', version: '1.0' } })
    expect(Object.keys(document.components.securitySchemes)).toEqual(['BearerAuth', 'ClientBasic', 'SessionAuth'])
  })

  test('parameters and answers are those the routes check', async () => {
    const { paths } = await read()
    expect(paths['/oauth/token']?.post).toMatchObject({
      requestBody: {
        content: {
          'application/x-www-form-urlencoded': {
            schema: { required: ['grant_type'], properties: { grant_type: { type: 'string' }, device_code: {} } },
          },
        },
      },
      responses: { 200: { content: { 'application/json': { schema: { properties: { access_token: {} } } } } } },
    })
    expect(paths['/oauth/register/{client_id}']?.get).toMatchObject({
      parameters: [{ name: 'client_id', in: 'path', required: true }],
    })
  })

  test('names no host, only the prefix of the address', async () => {
    expect((await read()).servers).toEqual([{ url: '/' }])
    const below = await openTestApp({ settings: { ENABLE_SWAGGER: 'true', BASE_URL: 'http://localhost:8080/auth' } })
    const document = (await (await below.get(`/auth${DOCUMENT}`)).json()) as OpenApi
    expect(document.servers).toEqual([{ url: '/auth' }])
    await below.close()
  })

  test('the page lists them, with no script or style of its own', async () => {
    const answer = await app.get(INDEX, { headers: { accept: 'text/html' } })
    expect(answer.status).toBe(200)
    const html = await answer.text()
    for (const path of ['/oauth/token', '/oauth/device/code', '/.well-known/jwks.json']) expect(html).toContain(path)
    expect(html).not.toMatch(/<style|<script(?! [^>]*src=)| style=/)
  })

  test.each(['/swagger', '/swagger/'])('%s leads to it', async (path) => {
    const answer = await app.get(path)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, INDEX])
  })

  test('pages have a link to it', async () => {
    const { cookie } = await app.signIn(await app.insertUser())
    const html = await (await app.get('/account', { headers: { accept: 'text/html', cookie } })).text()
    expect(html).toContain(INDEX)
  })

  test('other methods and files are not there', async () => {
    expect((await app.postForm(INDEX, {})).status).toBeOneOf([404, 405])
    expect((await app.get('/swagger/other.js')).status).toBe(404)
  })
})

test('off by default, and no page has a link to it', async () => {
  const app = await openTestApp()
  expect([(await app.get(INDEX)).status, (await app.get(DOCUMENT)).status]).toEqual([404, 404])
  const { cookie } = await app.signIn(await app.insertUser())
  expect(await (await app.get('/account', { headers: { accept: 'text/html', cookie } })).text()).not.toContain(INDEX)
  await app.close()
})

test('in production only administrators see it [SEC]', async () => {
  const app = await openTestApp({
    settings: { ENABLE_SWAGGER: 'true', ENVIRONMENT: 'production', BASE_URL: 'https://auth.example.com' },
  })
  const get = (path: string, cookie = '', accept = 'text/html') => app.get(path, { headers: { accept, cookie } })
  const user = await app.signIn(await app.insertUser())
  const admin = await app.signIn(await app.insertUser({ role: 'admin' }))
  for (const path of [INDEX, DOCUMENT]) {
    expect((await get(path)).headers.get('location')).toStartWith('/login')
    expect((await get(path, '', 'application/json')).status).toBe(401)
    expect((await get(path, user.cookie)).status).toBe(403)
    expect((await get(path, admin.cookie)).status).toBe(200)
  }
  expect(await (await get('/account', user.cookie)).text()).not.toContain(INDEX)
  expect(await (await get('/account', admin.cookie)).text()).toContain(INDEX)
  await app.close()
})
