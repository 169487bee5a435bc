/** Requests to a provider: within a time, without redirects, answers cut to size, with the operator's certificates. */
import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import type { Settings } from '../../config/settings'
import { codeOf, readLimited } from '../../outgoing/outgoing'
import { OutgoingError } from '../../outgoing/outgoing-error'
import { ProviderFailure, type ProviderStep } from './provider'

export interface ClientRequest {
  readonly step: ProviderStep
  readonly url: string
  /** Sent as a form. */
  readonly form?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
}

export interface ClientAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Throws `ProviderFailure`. A redirect is an answer like any other. */
export type ProviderClient = (request: ClientRequest) => Promise<ClientAnswer>

export type ClientSettings = Pick<Settings, 'OAUTH_TIMEOUT' | 'OAUTH_INSECURE_SKIP_VERIFY' | 'OUTGOING_CA_FILE'>

const ANSWER_LIMIT = 1024 * 1024
const LONGEST_MS = 60_000

/**
 * The operator named the provider, so it may stand in the internal network. Nothing here follows a redirect: it would
 * carry the code, the client secret or the token to wherever the answer says.
 */
export function createProviderClient(settings: ClientSettings, caFile: string): ProviderClient {
  const files = [settings.OUTGOING_CA_FILE, caFile].filter((file) => file !== '')
  const ca = files.length > 0 && [...getCACertificates('default'), ...files.map((file) => readFileSync(file, 'utf8'))]
  const tls = { rejectUnauthorized: !settings.OAUTH_INSECURE_SKIP_VERIFY, ...(ca && { ca }) }
  const timeoutMs = settings.OAUTH_TIMEOUT > 0 ? settings.OAUTH_TIMEOUT : LONGEST_MS

  return async ({ step, url, form, headers }) => {
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, {
        method: form ? 'POST' : 'GET',
        headers: {
          Accept: 'application/json',
          'User-Agent': 'AuthGate',
          ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
        ...(form && { body: form.toString() }),
        redirect: 'manual',
        // A request on a connection that was closed meanwhile would be sent twice, and a code is good for one.
        keepalive: false,
        signal: limit,
        tls,
      })
      const contentType = response.headers.get('content-type') ?? ''
      return { status: response.status, contentType, body: await readLimited(response, ANSWER_LIMIT) }
    } catch (error) {
      if (error instanceof OutgoingError) throw new ProviderFailure(step, error.kind)
      throw new ProviderFailure(step, limit.aborted ? 'timeout' : `unreachable: ${codeOf(error)}`)
    }
  }
}

export type Json = Readonly<Record<string, unknown>>

/** The JSON object of an answer. Throws `ProviderFailure`. */
export function jsonObject(step: ProviderStep, { body }: ClientAnswer): Json {
  const value = jsonValue(step, body)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProviderFailure(step, 'the answer is no JSON object')
  return value as Json
}

export function jsonValue(step: ProviderStep, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new ProviderFailure(step, 'the answer is no JSON')
  }
}

/** A protected resource of the provider; only 200 is an answer. Throws `ProviderFailure`. */
export async function readProfile(client: ProviderClient, url: string, accessToken: string): Promise<ClientAnswer> {
  const answer = await client({ step: 'profile', url, headers: { Authorization: `Bearer ${accessToken}` } })
  if (answer.status !== 200) throw new ProviderFailure('profile', `status ${answer.status}`)
  return answer
}
