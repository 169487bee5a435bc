/** `extra_claims` at every grant of the token endpoint: who may, what is refused, where the claims land (§7.7, P28). */
import { afterAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { reservedClaimNames } from '../../src/tokens/extra-claims'
import type { TestApp } from '../support/app'
import { openTestSqlite } from '../support/databases'
import { insertCode, redeem, type TestClient } from './code-support'
import { DEVICE_GRANT, newCodes } from './device/support'
import { auditRows, createAppPool, decode, issueTokens, outcome } from './support'

const pool = createAppPool(openTestSqlite)
afterAll(() => pool.close())

type Fields = Record<string, string>
interface Tokens {
  readonly access_token: string
  readonly refresh_token?: string
  readonly id_token?: string
}

const credentials = ({ clientId, secret }: TestClient): Fields =>
  secret === '' ? { client_id: clientId } : { client_id: clientId, client_secret: secret }

/** One request of each grant that would succeed. */
const requests: Record<string, (app: TestApp, client: TestClient, fields: Fields) => Promise<Response>> = {
  authorization_code: async (app, client, fields) => {
    const { code } = await insertCode(app, { user: await app.insertUser(), client, scope: 'openid read' })
    return redeem(app, client, code, fields)
  },
  device_code: async (app, client, fields) => {
    const { deviceCode } = await newCodes(app, client, 'read')
    const { deviceCodes } = app.ctx.db.t
    const { id } = await app.insertUser()
    const approval = { userId: id, authorizedAt: new Date(app.clock.now()) }
    await app.ctx.db.q.update(deviceCodes).set(approval).where(eq(deviceCodes.clientId, client.clientId))
    const form = { grant_type: DEVICE_GRANT, device_code: deviceCode, ...credentials(client) }
    return app.postForm('/oauth/token', { ...form, ...fields })
  },
  refresh_token: async (app, client, fields) => {
    const { refresh_token } = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    return app.postForm('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token,
      ...credentials(client),
      ...fields,
    })
  },
  client_credentials: (app, client, fields) =>
    app.postForm('/oauth/token', { grant_type: 'client_credentials', ...credentials(client), ...fields }),
}
const GRANTS = Object.keys(requests)
const OF_PUBLIC_CLIENTS = GRANTS.filter((grant) => grant !== 'client_credentials')

const send = async (app: TestApp, grant: string, fields: Fields, client?: TestClient): Promise<Response> => {
  const by = client ?? (await app.insertClient({ scopes: 'openid read' }))
  const response = await requests[grant]?.(app, by, fields)
  if (!response) throw new Error(`no grant ${grant}`)
  return response
}
const tokensOf = async (app: TestApp, grant: string, fields: Fields): Promise<Tokens> => {
  const response = await send(app, grant, fields)
  expect(response.status).toBe(200)
  return (await response.json()) as Tokens
}

describe.each(GRANTS)('%s', (grant) => {
  test('claims land in access and refresh tokens, numbers as they were written, never in ID tokens', async () => {
    const app = await pool.get({ ENABLE_TOKEN_ROTATION: 'true' })
    const tokens = await tokensOf(app, grant, { extra_claims: '{"tenant":"a","n":12345678901234567890}' })
    const carriers = [tokens.access_token, tokens.refresh_token].filter((each) => each !== undefined)
    expect(carriers.length).toBe(grant === 'client_credentials' ? 1 : 2)
    for (const token of carriers) {
      const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
      expect(payload).toContain('"tenant":"a","n":12345678901234567890')
    }
    if (tokens.id_token) expect(decode(tokens.id_token).payload).not.toHaveProperty('tenant')
  })

  test('every reserved name is refused, in any case and between blanks [SEC]', async () => {
    const app = await pool.get({ JWT_PRIVATE_CLAIM_PREFIX: 'acme' })
    const client = await app.insertClient({ scopes: 'openid read' })
    const names = [...reservedClaimNames(app.ctx.settings)]
    expect(names.length).toBeGreaterThan(35)
    for (const name of [...names, ' ISS', 'Cnf', 'ACME_uid ']) {
      const fields = { ...grantFields(grant), ...credentials(client), extra_claims: JSON.stringify({ [name]: 1 }) }
      expect(await outcome(await app.postForm('/oauth/token', fields))).toEqual([
        ...([400, 'invalid_request', `reserved claim key: ${JSON.stringify(name)}`] as const),
      ])
    }
  })

  test('the names used are recorded, never the values (P28)', async () => {
    const app = await pool.get({})
    await tokensOf(app, grant, { extra_claims: '{"tenant":"a-private-value"}' })
    const rows = JSON.stringify(await auditRows(app))
    expect(rows).toContain('tenant')
    expect(rows).not.toContain('a-private-value')
  })

  test('the client is authenticated first [SEC]', async () => {
    const app = await pool.get({})
    const client = await app.insertClient()
    const wrong = { client_id: client.clientId, client_secret: 'ago_wrong', extra_claims: '{"iss":1}' }
    const refused = await app.postForm('/oauth/token', { ...grantFields(grant), ...wrong })
    expect((await outcome(refused)).slice(0, 2)).toEqual([401, 'invalid_client'])
  })

  test('limits and broken JSON', async () => {
    const app = await pool.get({})
    const client = await app.insertClient({ scopes: 'openid read' })
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, n])))
    for (const extra_claims of [`{"a":1}${' '.repeat(4090)}`, many, `{"a":"${'x'.repeat(511)}"}`, '[1]', '{"a":1}x']) {
      const fields = { ...grantFields(grant), ...credentials(client), extra_claims }
      expect((await outcome(await app.postForm('/oauth/token', fields))).slice(0, 2)).toEqual([400, 'invalid_request'])
    }
    for (const extra_claims of ['null', '{}', '']) await tokensOf(app, grant, { extra_claims })
  })

  test('EXTRA_CLAIMS_ENABLED=false refuses them and takes an empty field', async () => {
    const app = await pool.get({ EXTRA_CLAIMS_ENABLED: 'false' })
    const refused = await send(app, grant, { extra_claims: '{"a":1}' })
    expect(await outcome(refused)).toEqual([400, 'invalid_request', 'extra_claims feature is not enabled'])
    await tokensOf(app, grant, { extra_claims: '' })
  })

  test('EXTRA_CLAIMS_BLOCK_IDENTITY reserves identity and authority [SEC]', async () => {
    const app = await pool.get({ EXTRA_CLAIMS_BLOCK_IDENTITY: 'true' })
    for (const name of ['groups', 'roles', 'Email', 'preferred_username', 'tenant_id'])
      expect(await outcome(await send(app, grant, { extra_claims: JSON.stringify({ [name]: 'x' }) }))).toEqual([
        ...([400, 'invalid_request', `reserved claim key: ${JSON.stringify(name)}`] as const),
      ])
    await tokensOf(await pool.get({}), grant, { extra_claims: '{"groups":["a"]}' })
  })
})

test.each(OF_PUBLIC_CLIENTS)(
  'EXTRA_CLAIMS_CONFIDENTIAL_ONLY, %s: public clients may not, others may [SEC]',
  async (grant) => {
    const app = await pool.get({ EXTRA_CLAIMS_CONFIDENTIAL_ONLY: 'true' })
    const open = () => app.insertClient({ clientType: 'public', scopes: 'openid read' })
    const refused = await send(app, grant, { extra_claims: '{"a":1}' }, await open())
    expect(await outcome(refused)).toEqual([400, 'invalid_request', 'extra_claims is not permitted for this client'])
    expect((await send(app, grant, {}, await open())).status).toBe(200)
    await tokensOf(app, grant, { extra_claims: '{"a":1}' })
  },
)

test('they are of one answer only: a refresh without the field has none', async () => {
  const app = await pool.get({})
  const client = await app.insertClient({ scopes: 'openid read' })
  const first = (await (await send(app, 'authorization_code', { extra_claims: '{"a":1}' }, client)).json()) as Tokens
  const fields = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '', ...credentials(client) }
  const second = (await (await app.postForm('/oauth/token', fields)).json()) as Tokens
  expect(decode(first.access_token).payload.a).toBe(1)
  expect(decode(second.access_token).payload).not.toHaveProperty('a')
})

/** What a request of each grant must have before its claims are read. */
function grantFields(grant: string): Fields {
  const fields: Record<string, Fields> = {
    authorization_code: { grant_type: grant, code: 'x', redirect_uri: 'x' },
    device_code: { grant_type: DEVICE_GRANT, device_code: 'x' },
    refresh_token: { grant_type: grant, refresh_token: 'x' },
    client_credentials: { grant_type: grant },
  }
  return fields[grant] ?? {}
}
