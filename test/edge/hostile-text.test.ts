/** Whatever is stored in a text column, or comes in a query, stays text on every page (CWE-79). */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { getTableColumns } from 'drizzle-orm'
import { composeFeatures } from '../../src/server'
import { insertEvent } from '../audit/support'
import { insertConnection } from '../identity/linking/support'
import { issueTokens } from '../oauth/support'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'

const MARKUP = `<img src=x onerror=alert(1)>"'></title></textarea></script><script>alert(2)</script>`
const HOSTILE = `${MARKUP}\u202Ejavascript:alert(3)\u2066`
/** As a page may show its beginning. */
const AS_TEXT = '&lt;img src=x'

const FILLED = [
  'users',
  'oauthApplications',
  'userAuthorizations',
  'accessTokens',
  'tokenFamilies',
  'sessions',
] as const
const FILLED_TOO = ['oauthConnections', 'passkeys', 'auditLogs', 'clientRevisions'] as const
/** Ids, hashes, and words that the server gives itself. */
const NOT_FREE =
  /^(id|uuid|sid|.*Id|.*Hash|.*Norm|.*Token|.*Secret|publicKey|role|status|origin|language|kind|authSource|tokenCategory|disabledBy|clientType|tokenProfile|severity|emailVouchedBy|aaguid|transports|decidedBy|submittedBy|.*AuthMethod)$/

let app: TestApp
let signedIn: SignedIn
let ids: Record<string, string>

beforeAll(async () => {
  app = await openTestApp({ settings: { ENABLE_SWAGGER: 'true' } })
  const { q, t } = app.ctx.db
  const user = await app.insertUser({ role: 'admin', passkeyCount: 1 })
  const client = await app.insertClient({ userId: user.id, createdBy: user.id, origin: 'owner' })
  const issued = await issueTokens(app, { user, client })
  await app.signIn(user)
  const event = await insertEvent(app.ctx, {}, { actorUserId: user.id, resourceType: 'USER', resourceId: user.id })
  await insertConnection(app, user, { provider: 'github', issuer: 'https://github.com', providerUserId: '7' })
  const at = new Date(app.clock.now())
  await q.insert(t.passkeys).values({
    ...{ id: 'p1', userId: user.id, credentialId: 'c', publicKey: 'k', userHandle: 'h', counter: 0, transports: [] },
    ...{ aaguid: '', backupEligible: false, backedUp: false, name: '', createdAt: at, lastUsedAt: at },
  } as never)
  for (const name of [...FILLED, ...FILLED_TOO]) {
    const free = Object.entries(getTableColumns(t[name])).filter(
      ([column, { dataType, enumValues }]) => dataType === 'string' && !enumValues?.length && !NOT_FREE.test(column),
    )
    // Long texts too, where nothing needs them whole.
    const long = HOSTILE + 'x'.repeat(10_000)
    const values = free.map(([column]) => [
      column,
      /^(description|userAgent|errorMessage)$/.test(column) ? long : HOSTILE,
    ])
    await q.update(t[name] as typeof t.users).set(Object.fromEntries(values))
  }
  signedIn = await app.signIn(user, { amr: 'pwd mfa' })
  await q.update(t.sessions).set({ flash: [HOSTILE] } as never)
  await q.update(t.auditLogs).set({ details: { [HOSTILE]: HOSTILE, nested: { list: [HOSTILE] } } } as never)
  await q.update(t.oauthApplications).set({ redirectUris: [HOSTILE], postLogoutRedirectUris: [HOSTILE] } as never)
  ids = {
    users: user.id,
    clients: client.clientId,
    apps: client.clientId,
    tokens: issued.accessTokenId,
    events: event.id,
  }
}, 30_000)
afterAll(() => app.close())

const PARAMETERS = [
  ...['search', 'page', 'page_size', 'status', 'category', 'role', 'sort', 'user_id', 'client_id', 'redirect', 'error'],
  ...['event_type', 'severity', 'actor_ip', 'actor_user_id', 'resource_type', 'resource_id', 'success', 'start_time'],
  ...['end_time', 'period', 'as_of', 'user_code', 'request', 'held', 'transfer_to', 'language', 'state', 'prompt'],
]

/** Markup that came through as such. */
async function broken(html: string): Promise<string[]> {
  const found: string[] = []
  await new HTMLRewriter()
    .on('img[src=x], script:not([src]), [onerror], textarea textarea', {
      element: ({ tagName }) => void found.push(tagName),
    })
    .on('[href], [src], [action], [formaction]', {
      element: (element) => {
        for (const [name, value] of element.attributes)
          if (['href', 'src', 'action', 'formaction'].includes(name) && /^\s*javascript:/i.test(value))
            found.push(value)
      },
    })
    .transform(new Response(html))
    .text()
  return found
}

const shown = new Set<string>()

async function visit(path: string, cookie = signedIn.cookie): Promise<void> {
  const answer = await app.get(path, { headers: { accept: 'text/html', cookie } })
  expect([path, answer.status < 500]).toEqual([path, true])
  if (!(answer.headers.get('content-type') ?? '').startsWith('text/html')) return
  const html = await answer.text()
  expect([path, html.includes('<img src=x'), await broken(html)]).toEqual([path, false, []])
  if (html.includes(AS_TEXT)) shown.add(path.split('?')[0] ?? '')
}

test('every page, with hostile text in everything that is stored and in everything that is asked [SEC]', async () => {
  const routes = composeFeatures(app.ctx, { draining: () => false }).routes.filter(({ method }) => method === 'GET')
  const query = new URLSearchParams(Object.fromEntries(PARAMETERS.map((name) => [name, HOSTILE]))).toString()
  for (const { path } of routes) {
    if (/^\/(logout$|static|health|livez|readyz|metrics|oauth\/(tokeninfo|userinfo))/.test(path)) continue
    const [, kind = ''] = /(\w+)\/:id/.exec(path) ?? []
    const place = path
      .replace(':id', ids[kind] ?? encodeURIComponent(HOSTILE))
      .replaceAll(/:\w+/g, encodeURIComponent(HOSTILE))
    await visit(place)
    await visit(`${place}?${query}`)
    if (place.length < 1000) await visit(`${place}?search=${encodeURIComponent(HOSTILE + 'x'.repeat(10_000))}`)
  }
  for (const path of ['/login', '/device', '/account', '/oauth/authorize']) await visit(`${path}?${query}`, '')
  const { users, clients, tokens, events } = ids
  const full = [
    ...['/account', '/account/authorizations', '/account/connections', '/account/profile', '/account/security'],
    ...['/account/security/passkeys', '/account/sessions', '/admin', '/admin/audit', '/admin/clients', '/admin/tokens'],
    ...[`/admin/audit/events/${events}`, `/admin/clients/${clients}`, `/admin/clients/${clients}/authorizations`],
    ...[
      `/admin/clients/${clients}/edit`,
      `/admin/tokens/${tokens}`,
      '/admin/keys',
      '/admin/users',
      `/admin/users/${users}`,
    ],
    ...[`/admin/users/${users}/connections`, `/admin/users/${users}/authorizations`, `/admin/users/${users}/edit`],
    ...['/apps', `/apps/${clients}`, `/apps/${clients}/edit`, `/apps/${clients}/tokens`, '/device'],
  ]
  expect(full.filter((path) => !shown.has(path))).toEqual([])
}, 60_000)
