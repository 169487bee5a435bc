/** From the sign-in by code to the logout of everybody, with openid-client over a socket. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as openid from 'openid-client'
import { deliverLogoutNotices } from '../../src/oauth/backchannel-logout/delivery'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { freePort } from '../support/ports'
import { ec, privatePem } from '../tokens/keys-support'
import { settle } from './authorize/support'
import { type Application, startApplication } from './logout-support'
import { outcome } from './support'

const CALLBACK = 'https://app.example/callback'
const SIGNED_OUT = 'https://app.example/signed-out'

describe.each(databases)('sign-in and logout on %s', (_name, open) => {
  let app: TestApp
  let server: ReturnType<typeof Bun.serve>
  let rp: Application
  let issuer: URL
  beforeAll(async () => {
    const port = await freePort()
    issuer = new URL(`http://localhost:${port}`)
    app = await openTestApp({
      open,
      settings: {
        BASE_URL: issuer.origin,
        JWT_SIGNING_ALGORITHM: 'ES256',
        JWT_PRIVATE_KEY_PEM: privatePem(ec()),
        ENABLE_RATE_LIMIT: 'false',
        CONSENT_REMEMBER: 'false',
      },
    })
    server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
    rp = startApplication()
  })
  afterAll(async () => {
    await server.stop(true)
    await rp.stop()
    await app.close()
  })

  async function begin() {
    const user = await app.insertUser()
    const client = await app.insertClient({
      scopes: 'openid profile',
      redirectUris: [CALLBACK],
      postLogoutRedirectUris: [SIGNED_OUT],
      backchannelLogoutUri: `${rp.url}/logout`,
    })
    const config = await openid.discovery(issuer, client.clientId, undefined, openid.ClientSecretBasic(client.secret), {
      execute: [openid.allowInsecureRequests],
    })
    const session = await app.signIn(user)
    return { user, client, config, session }
  }
  type Begun = Awaited<ReturnType<typeof begin>>

  /** The address a browser is sent back to, with the code, and what belongs to it. */
  async function authorize({ config }: Begun, session: SignedIn) {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedNonce = openid.randomNonce()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile',
      nonce: expectedNonce,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const answer = await settle(app, session, url.pathname + url.search)
    return { back: new URL(answer.headers.get('location') ?? ''), checks: { pkceCodeVerifier, expectedNonce } }
  }

  test('the ID token ends the session it came from, and the application is told', async () => {
    const begun = await begin()
    const { user, client, config, session } = begun
    const { back, checks } = await authorize(begun, session)
    const tokens = await openid.authorizationCodeGrant(config, back, checks)
    expect(tokens.claims()).toMatchObject({ sub: user.id, sid: session.sid })

    const metadata = config.serverMetadata()
    expect(metadata.backchannel_logout_supported).toBe(true)
    const url = openid.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: SIGNED_OUT,
      state: 'st-1',
    })
    const answer = await app.get(url.pathname + url.search, { headers: { cookie: session.cookie } })
    expect(answer.headers.get('location')).toBe(`${SIGNED_OUT}?state=st-1`)

    await deliverLogoutNotices(app.ctx, new AbortController().signal)
    const keys = createRemoteJWKSet(new URL(metadata.jwks_uri ?? ''))
    const { payload } = await jwtVerify(rp.received.at(-1) ?? '', keys, {
      issuer: metadata.issuer,
      audience: client.clientId,
      typ: 'logout+jwt',
    })
    expect(payload).toMatchObject({ sub: user.id, sid: tokens.claims()?.sid })
  })

  test('[SEC] a code of a session that ended is worth nothing: nobody would tell its tokens of the end', async () => {
    const begun = await begin()
    const { config, session } = begun
    const { back, checks } = await authorize(begun, session)
    const other = await app.signIn(begun.user)
    const kept = await authorize(begun, other)
    await app.postForm('/logout', { csrf_token: session.csrfToken }, { cookie: session.cookie })
    await expect(openid.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await openid.authorizationCodeGrant(config, kept.back, kept.checks)).access_token).toBeString()
  })

  test('[SEC] 32 redemptions beside logouts: tokens that were issued are told of, or there are none', async () => {
    const begun = await begin()
    const { client } = begun
    const attempt = async (_: unknown, index: number) => {
      const session = await app.signIn(begun.user)
      const { back, checks } = await authorize(begun, session)
      const form = {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: CALLBACK,
        code_verifier: checks.pkceCodeVerifier,
        client_id: client.clientId,
        client_secret: client.secret,
      }
      const [answer] = await Promise.all([
        app.postForm('/oauth/token', form),
        // From well before to well after the redemption.
        Bun.sleep(index * 3).then(() =>
          app.postForm('/logout', { csrf_token: session.csrfToken }, { cookie: session.cookie }),
        ),
      ])
      return { sid: session.sid, result: answer.status === 200 ? 'tokens' : (await outcome(answer))[1] }
    }
    const results = await Promise.all(Array.from({ length: 32 }, attempt))
    const { q, t } = app.ctx.db
    const told = new Set((await q.select().from(t.logoutNotices)).map(({ sid }) => sid))
    for (const { sid, result } of results) expect([result, told.has(sid)]).toEqual([result, result === 'tokens'])
    expect(results.every(({ result }) => result === 'tokens' || result === 'invalid_grant')).toBe(true)
  })
})
