/** Requests that this server makes: only to allowed addresses, within a time, without redirects, answers cut to size. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import type { Settings } from '../config/settings'
import { OutgoingError } from './outgoing-error'
import { createTargetFinder, type Resolve, systemResolve, type Target } from './target'

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For all of it: name, connection, answer. Milliseconds. */
  readonly timeoutMs: number
  /** Bytes of the answer's body that are accepted; 0 leaves the body unread. */
  readonly answerLimit: number
  /** Ends the request early. */
  readonly signal?: AbortSignal
}

export interface OutgoingAnswer {
  /** A redirect is an answer like any other. */
  readonly status: number
  readonly body: string
}

export interface Outgoing {
  /** Throws `OutgoingError`. */
  send(url: string, request: OutgoingRequest): Promise<OutgoingAnswer>
}

type OutgoingSettings = Pick<Settings, 'origin' | 'OUTGOING_ALLOWED_HOSTS' | 'OUTGOING_CA_FILE'>

export function createOutgoing(settings: OutgoingSettings, resolve: Resolve = systemResolve): Outgoing {
  const findTarget = createTargetFinder(settings, resolve)
  const ca = trustedCertificates(settings)

  return {
    send: async (url, { timeoutMs, answerLimit, signal, ...request }) => {
      const limit = AbortSignal.timeout(timeoutMs)
      const deadline = signal ? AbortSignal.any([limit, signal]) : limit
      try {
        const target = await beforeAbort(findTarget(url), deadline)
        const response = await fetch(pinned(target), {
          ...request,
          headers: { ...request.headers, Host: target.url.host },
          redirect: 'manual',
          // Connections are kept by address; one that was opened for another name must not serve this one.
          keepalive: false,
          signal: deadline,
          tls: { ...(ca && { ca }), ...(isIP(target.host) === 0 && { serverName: target.host }) },
        })
        return { status: response.status, body: await readLimited(response, answerLimit) }
      } catch (error) {
        if (error instanceof OutgoingError) throw error
        if (limit.aborted) throw new OutgoingError('timeout', `no answer within ${timeoutMs} ms`)
        throw new OutgoingError('unreachable', `no answer: ${codeOf(error)}`)
      }
    },
  }
}

/** The certificates of the runtime and `NODE_EXTRA_CA_CERTS` stay trusted; `undefined` when there is nothing to add. */
export function trustedCertificates({
  OUTGOING_CA_FILE: file,
}: Pick<Settings, 'OUTGOING_CA_FILE'>): string[] | undefined {
  return file === '' ? undefined : [...getCACertificates('default'), readFileSync(file, 'utf8')]
}

/** The URL with the checked address in place of the name, which goes into the header and the certificate check. */
function pinned({ url, address }: Target): string {
  const at = new URL(url)
  at.hostname = address.includes(':') ? `[${address}]` : address
  return at.href
}

function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal.aborted) reject(signal.reason)
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return Promise.race([work, promise])
}

/** Throws `OutgoingError` of kind `too_large`, or what the connection throws. */
export async function readLimited({ body }: Response, limit: number): Promise<string> {
  if (!body) return ''
  if (limit === 0) {
    await body.cancel()
    return ''
  }
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.byteLength
    // Leaving the loop closes the connection.
    if (size > limit) throw new OutgoingError('too_large', `the answer is longer than ${limit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Of what `fetch` threw. */
export const codeOf = (error: unknown): string => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return String(code ?? name ?? 'unknown error')
}
