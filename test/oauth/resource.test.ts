/** Resource indicators at the token endpoint (RFC 8707 §2.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { insertCode, redeem, type TestClient } from './code-support'
import { basic, decode, issueTokens, outcome, tokenRow } from './support'

const A = 'https://a.example'
const B = 'https://b.example'
const BEYOND_GRANT = [400, 'invalid_target', 'Requested resource exceeds original grant'] as const
const UNKNOWN = [400, 'invalid_target', 'Requested resource is not an audience of this server'] as const

interface Answer {
  readonly access_token: string
  readonly refresh_token: string
}

describe.each(databases)('resource on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let client: TestClient
  beforeAll(async () => {
    const settings = { JWT_AUDIENCE: `${A},${B},c`, ENABLE_TOKEN_ROTATION: 'true' }
    app = await openTestApp({ open, settings })
    user = await app.insertUser()
    client = await app.insertClient({ scopes: 'read openid offline_access' })
  })
  afterAll(() => app.close())

  const ask = (form: string) => app.postForm('/oauth/token', form, basic(client.clientId, client.secret))
  const audiences = async (response: Response) => {
    const { access_token, refresh_token } = (await response.json()) as Answer
    const refresh = refresh_token === undefined ? undefined : decode(refresh_token).payload.aud
    return { access: decode(access_token).payload.aud, refresh, token: refresh_token }
  }
  const code = async (resource = '') => (await insertCode(app, { user, client, scope: 'read' }, { resource })).code
  const named = (...resources: string[]) => resources.map((each) => `&resource=${encodeURIComponent(each)}`).join('')
  const refresh = (token: string, ...resources: string[]) =>
    ask(`grant_type=refresh_token&refresh_token=${token}${named(...resources)}`)

  test('without it, every audience', async () => {
    expect(await audiences(await redeem(app, client, await code()))).toMatchObject({
      access: [A, B, 'c'],
      refresh: [A, B, 'c'],
    })
  })

  test('one name is a text, several are a list, repetitions count once', async () => {
    const machine = (...resources: string[]) => ask(`grant_type=client_credentials&scope=read${named(...resources)}`)
    expect((await audiences(await machine(A))).access).toBe(A)
    expect((await audiences(await machine(B, A, B))).access).toEqual([B, A])
  })

  test.each([[['https://evil.example']], [[`${A}/`]], [[A.toUpperCase()]], [[A, 'd']]])(
    '%j is refused whole',
    async (names) => {
      for (const grant of ['client_credentials&scope=read', `authorization_code&code=x&redirect_uri=x`])
        expect(await outcome(await ask(`grant_type=${grant}${named(...names)}`))).toEqual([...UNKNOWN])
    },
  )

  test('what was named at the authorization limits the grant; the answer may be for less of it', async () => {
    const both = `${A} ${B}`
    const first = await audiences(await redeem(app, client, await code(both), { resource: A }))
    expect(first).toMatchObject({ access: A, refresh: [A, B] })
    const second = await audiences(await refresh(first.token, B))
    expect(second).toMatchObject({ access: B, refresh: [A, B] })
    const third = await audiences(await refresh(second.token))
    expect(third).toMatchObject({ access: [A, B], refresh: [A, B] })
    expect(await outcome(await refresh(third.token, 'c'))).toEqual([...BEYOND_GRANT])
    expect(await outcome(await refresh(third.token, A, 'c'))).toEqual([...BEYOND_GRANT])
    expect((await refresh(third.token, A)).status).toBe(200)
  })

  test('beyond the authorization: refused, and the code stays usable', async () => {
    const presented = await code(A)
    expect(await outcome(await redeem(app, client, presented, { resource: B }))).toEqual([...BEYOND_GRANT])
    expect((await audiences(await redeem(app, client, presented))).access).toBe(A)
  })

  test('named first at the token endpoint, it limits the grant from then on [SEC]', async () => {
    const first = await audiences(await redeem(app, client, await code(), { resource: A }))
    expect(first).toMatchObject({ access: A, refresh: A })
    expect(await outcome(await refresh(first.token, B))).toEqual([...BEYOND_GRANT])
    expect((await audiences(await refresh(first.token))).access).toBe(A)
  })

  test('a grant that is not limited may ask for any audience at a refresh', async () => {
    const tokens = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    const second = await audiences(await refresh(tokens.refresh_token, 'c'))
    expect(second).toMatchObject({ access: 'c', refresh: [A, B, 'c'] })
    expect((await tokenRow(app, tokens.refreshTokenId))?.status).toBe('revoked')
  })
})

test('an audience the server no longer has is left out; a grant for nothing else is refused', async () => {
  const [, open] = databases[0] ?? []
  const app = await openTestApp({ open, settings: { JWT_AUDIENCE: `${A},${B}` } })
  const client = await app.insertClient()
  const user = await app.insertUser()
  const issued = async (resource: string) => {
    const { code } = await insertCode(app, { user, client, scope: 'read' }, { resource })
    return redeem(app, client, code)
  }
  const both = (await (await issued(`${A} https://gone.example`)).json()) as Answer
  expect(decode(both.access_token).payload.aud).toBe(A)
  expect(await outcome(await issued('https://gone.example'))).toEqual([...BEYOND_GRANT])
  await app.close()
})
