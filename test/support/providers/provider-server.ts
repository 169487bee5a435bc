/**
 * Servers that play the providers, each with the paths and answers of the real one.
 *
 * Whoever comes to the authorization endpoint is sent back at once, as if they had pressed "Allow"; what came to the
 * other endpoints is kept, and any endpoint can be told to answer something else.
 */
import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface Arrival {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly query: URLSearchParams
  readonly form: URLSearchParams
}

type Answer = (arrival: Arrival) => Response | Promise<Response>

export interface ProviderServer {
  readonly url: string
  /** Everything that came, in order. */
  readonly arrivals: Arrival[]
  /** Those at one path. */
  at(path: string): Arrival[]
  /** Answers of single paths, in place of the usual ones. Empty it to have the usual ones back. */
  readonly instead: Map<string, Answer>
  /** Claims and header members of the next ID tokens, over the usual ones; `undefined` leaves one out. */
  claims: Record<string, unknown>
  /** Signs with this key in place of the published one. */
  signWith: CryptoKey | undefined
  /** Parameters of the return to the callback, over the usual ones. */
  back: Record<string, string>
  readonly key: { readonly privateKey: CryptoKey; readonly jwk: JWK }
  /** Its clock, milliseconds. */
  now: () => number
  reset(): void
  stop(): Promise<void>
}

export interface ProviderServerOptions {
  readonly clientId: string
  readonly paths: Readonly<Record<string, Answer>>
  readonly authorize: string
  readonly token: string
  /** Issuer of ID tokens; without it there are none. */
  issuer?(url: string): string
  /** Claims besides the protocol's. */
  readonly idTokenClaims?: () => Record<string, unknown>
  readonly jwks?: string
  readonly tls?: { readonly cert: string; readonly key: string }
}

export const json = (body: unknown, status = 200): Response => Response.json(body, { status })

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

export async function startProviderServer(options: ProviderServerOptions): Promise<ProviderServer> {
  const arrivals: Arrival[] = []
  const instead = new Map<string, Answer>()
  const issued = new Map<string, { challenge: string; nonce: string; redirectUri: string }>()
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'provider-key', alg: 'ES256', use: 'sig' }

  const idToken = async (nonce: string): Promise<string> => {
    const seconds = Math.floor(state.now() / 1000)
    const usual = {
      iss: options.issuer?.(state.url),
      sub: 'subject',
      aud: options.clientId,
      iat: seconds,
      exp: seconds + 300,
      ...(nonce !== '' && { nonce }),
      ...options.idTokenClaims?.(),
      ...state.claims,
    }
    const { kid = 'provider-key', alg = 'ES256' } = state.claims as { kid?: string; alg?: string }
    const header = { alg, kid, typ: 'JWT' }
    return new SignJWT(usual).setProtectedHeader(header).sign(state.signWith ?? pair.privateKey)
  }

  const authorize: Answer = ({ query }) => {
    const code = crypto.randomUUID()
    issued.set(code, {
      challenge: query.get('code_challenge') ?? '',
      nonce: query.get('nonce') ?? '',
      redirectUri: query.get('redirect_uri') ?? '',
    })
    const target = new URL(query.get('redirect_uri') ?? 'http://localhost/missing')
    for (const [name, value] of Object.entries({ code, state: query.get('state') ?? '', ...state.back }))
      if (value !== '') target.searchParams.set(name, value)
    return Response.redirect(target.href, 302)
  }

  const token: Answer = async ({ form }) => {
    const grant = issued.get(form.get('code') ?? '')
    issued.delete(form.get('code') ?? '')
    const isRight =
      grant !== undefined &&
      form.get('grant_type') === 'authorization_code' &&
      form.get('redirect_uri') === grant.redirectUri &&
      challengeOf(form.get('code_verifier') ?? '') === grant.challenge
    if (!isRight) return json({ error: 'invalid_grant', error_description: 'no such code' }, 400)
    return json({
      access_token: 'provider-access-token',
      token_type: 'bearer',
      refresh_token: 'provider-refresh-token',
      expires_in: 3600,
      ...(options.issuer && { id_token: await idToken(grant.nonce) }),
    })
  }

  const paths: Record<string, Answer> = {
    [options.authorize]: authorize,
    [options.token]: token,
    ...(options.jwks && { [options.jwks]: () => json({ keys: [jwk] }) }),
    ...options.paths,
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    ...(options.tls && { tls: options.tls }),
    fetch: async (request) => {
      const url = new URL(request.url)
      const arrival: Arrival = {
        method: request.method,
        path: url.pathname,
        headers: request.headers,
        query: url.searchParams,
        form: new URLSearchParams(await request.text()),
      }
      arrivals.push(arrival)
      const answer = instead.get(url.pathname) ?? paths[url.pathname]
      return answer ? answer(arrival) : new Response('not found', { status: 404 })
    },
  })
  const state: ProviderServer = {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${server.port}`,
    arrivals,
    at: (path) => arrivals.filter((arrival) => arrival.path === path),
    instead,
    claims: {},
    signWith: undefined,
    back: {},
    key: { privateKey: pair.privateKey, jwk },
    now: Date.now,
    reset: () => {
      arrivals.length = 0
      instead.clear()
      state.claims = {}
      state.signWith = undefined
      state.back = {}
    },
    stop: () => server.stop(true),
  }
  return state
}
