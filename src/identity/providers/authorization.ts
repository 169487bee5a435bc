/**
 * The authorization request and the exchange of the code (RFC 6749 §4.1), the same for every provider.
 *
 * The URL and the reading of the answer are arctic's. The request of the exchange is ours: it goes through the guarded
 * client, encodes the credentials as RFC 6749 §2.3.1 says, and also reads answers that are forms.
 */
import { type ClientAnswer, type Json, jsonObject, type ProviderClient } from './client'
import { type Attempt, ProviderFailure, type Returned } from './provider'

/** What the provider knows this server by. */
export interface Registration {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** RFC 6749 §2.3.1: in the header (`basic`), or in the form (`post`). One of them, always: a second try would send
   *  the code twice. */
  readonly authentication: 'basic' | 'post'
}

/** Loaded at the first sign-in: a start does not wait for it. */
const arctic = () => import('./arctic')

export async function authorizationUrl(
  endpoint: string,
  { clientId, redirectUri, scopes }: Registration,
  { state, codeVerifier }: Attempt,
  more: Readonly<Record<string, string>> = {},
): Promise<URL> {
  const { OAuth2Client, CodeChallengeMethod } = await arctic()
  const client = new OAuth2Client(clientId, null, redirectUri)
  const url = client.createAuthorizationURLWithPKCE(endpoint, state, CodeChallengeMethod.S256, codeVerifier, [
    ...scopes,
  ])
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value)
  return url
}

export interface Tokens {
  readonly accessToken: string
  /** Absent where the provider is no OpenID provider. */
  readonly idToken: string | undefined
}

/** Throws `ProviderFailure`. */
export async function exchangeCode(
  client: ProviderClient,
  endpoint: string,
  registration: Registration,
  { code, codeVerifier }: Pick<Returned, 'code' | 'codeVerifier'>,
): Promise<Tokens> {
  const { clientId, clientSecret, redirectUri, authentication } = registration
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
    ...(authentication === 'post' && { client_id: clientId, client_secret: clientSecret }),
  })
  const headers = authentication === 'basic' && { Authorization: basic(clientId, clientSecret) }
  const answer = await client({ step: 'exchange', url: endpoint, form, ...(headers && { headers }) })
  if (answer.status < 200 || answer.status > 299)
    throw new ProviderFailure('exchange', `status ${answer.status}${errorCode(answer)}`)
  const data = tokenAnswer(answer)
  // GitHub answers 200 with an error.
  if (data.error !== undefined) throw new ProviderFailure('exchange', `refused${errorCode(answer)}`)
  return readTokens(data)
}

async function readTokens(data: Json): Promise<Tokens> {
  const { OAuth2Tokens } = await arctic()
  const tokens = new OAuth2Tokens(data)
  try {
    const accessToken = tokens.accessToken()
    if (accessToken === '') throw new Error('empty')
    return { accessToken, idToken: data.id_token === undefined ? undefined : tokens.idToken() }
  } catch {
    throw new ProviderFailure('exchange', 'the answer holds no token')
  }
}

const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`

const isForm = ({ contentType }: ClientAnswer): boolean =>
  /^(application\/x-www-form-urlencoded|text\/plain)\b/i.test(contentType)

function tokenAnswer(answer: ClientAnswer): Json {
  if (!isForm(answer)) return jsonObject('exchange', answer)
  return Object.fromEntries(new URLSearchParams(answer.body))
}

/** RFC 6749 §5.2: a code of a few known characters, nothing else of the answer is worth repeating. */
function errorCode(answer: ClientAnswer): string {
  try {
    const { error } = tokenAnswer(answer)
    return typeof error === 'string' && /^[\w.-]{1,60}$/.test(error) ? ` ${error}` : ''
  } catch {
    return ''
  }
}
