/** The four kinds of tokens as their grants answer them, under every algorithm: exactly these claims and no others. */
import { afterAll, describe, expect, test } from 'bun:test'
import { insertCode, redeem } from '../oauth/code-support'
import { createAppPool, decode } from '../oauth/support'
import { openTestSqlite } from '../support/databases'
import { ec, privatePem, rsa } from './keys-support'

const ALGORITHMS: [string, Record<string, string>][] = [
  ['HS256', {}],
  ['RS256', { JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: privatePem(rsa()) }],
  ['ES256', { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: privatePem(ec()) }],
]
const ISSUER = 'http://localhost:8080'
const SCOPE = 'openid profile email read'

const pool = createAppPool(openTestSqlite)
afterAll(() => pool.close())

describe.each(ALGORITHMS)('tokens signed with %s', (algorithm, key) => {
  test.each([
    ['nothing configured', {}, {}],
    [
      'audience, domain and prefix',
      { JWT_AUDIENCE: 'api', JWT_DOMAIN: 'Example.COM', JWT_PRIVATE_CLAIM_PREFIX: 'acme' },
      { aud: 'api', acme_domain: 'Example.COM', acme_project: 'p-1', acme_service_account: 'sa@x' },
    ],
  ])('%s', async (_what, settings, own) => {
    const app = await pool.get({ ...key, ...settings, JWT_EXPIRATION_JITTER: '0s' })
    const user = await app.insertUser({ fullName: 'Ann Example', emailVerified: true })
    const owned = Object.keys(own).length > 0 ? { project: 'p-1', serviceAccount: 'sa@x' } : {}
    const client = await app.insertClient({ scopes: SCOPE, ...owned })
    const { code } = await insertCode(app, { user, client, scope: SCOPE }, { nonce: 'n-1' })
    const answer = (await (await redeem(app, client, code)).json()) as Record<string, string>
    const credentials = { client_id: client.clientId, client_secret: client.secret }
    const machine = await app.postForm('/oauth/token', { grant_type: 'client_credentials', ...credentials })
    const machineToken = ((await machine.json()) as { access_token: string }).access_token
    const kid = algorithm === 'HS256' ? {} : { kid: expect.stringMatching(/^[\w-]{43}$/) }
    const whole = expect.any(Number)

    const every = { iss: ISSUER, client_id: client.clientId, iat: whole, exp: whole, jti: expect.any(String), ...own }
    const prefix = 'acme_domain' in own ? 'acme' : 'extra'
    const ofUser = { ...every, sub: user.id, user_id: user.id, scope: SCOPE, [`${prefix}_uid`]: user.username }
    const subject = `client:${client.clientId}`
    expect(decode(answer.access_token ?? '')).toEqual({
      header: { alg: algorithm, typ: 'JWT', ...kid },
      payload: { ...ofUser, type: 'access' },
    })
    expect(decode(answer.refresh_token ?? '')).toEqual({
      header: { alg: algorithm, typ: 'rt+jwt', ...kid },
      payload: { ...ofUser, type: 'refresh' },
    })
    expect(decode(machineToken)).toEqual({
      header: { alg: algorithm, typ: 'JWT', ...kid },
      payload: { ...every, sub: subject, user_id: subject, scope: 'profile email read', type: 'access' },
    })
    expect(decode(answer.id_token ?? '')).toEqual({
      header: { alg: algorithm, typ: 'JWT', ...kid },
      payload: {
        ...{ iss: ISSUER, sub: user.id, aud: client.clientId, iat: whole, exp: whole, auth_time: whole, amr: ['pwd'] },
        ...{ jti: expect.any(String), nonce: 'n-1', at_hash: expect.stringMatching(/^[\w-]{22}$/) },
        ...{ name: 'Ann Example', preferred_username: user.username, updated_at: whole },
        ...{ email: user.email, email_verified: true },
      },
    })
  })
})
