/** How the service recognises that a request comes from this server. */
import { createHmac } from 'node:crypto'
import type { Settings } from '../../config/settings'

export interface SignedRequest {
  readonly url: URL
  readonly body: string
  /** Unix seconds. */
  readonly timestamp: number
  /** New for each attempt. */
  readonly nonce: string
}

type ServiceSettings = Pick<Settings, 'HTTP_API_AUTH_MODE' | 'HTTP_API_AUTH_SECRET' | 'HTTP_API_AUTH_HEADER'>

const METHOD = 'POST'

/**
 * Header fields of the mode `HTTP_API_AUTH_MODE`, which the rules of the settings have checked.
 *
 * `X-Signature` joins timestamp, method, path and body without separators and leaves the nonce out: receivers that exist
 * verify it so. `X-Signature-V2` stands beside it and covers all of them, separated, with the path as it was sent.
 * Receivers accept five minutes of clock difference; one that also remembers nonces that long stops every replay.
 */
export function serviceHeaders(settings: ServiceSettings, request: SignedRequest): Record<string, string> {
  const { HTTP_API_AUTH_SECRET: secret, HTTP_API_AUTH_HEADER: header } = settings
  const { url, body, nonce } = request
  const timestamp = String(request.timestamp)
  switch (settings.HTTP_API_AUTH_MODE) {
    case 'simple':
      return { [header]: secret }
    case 'hmac':
      return {
        'X-Timestamp': timestamp,
        'X-Nonce': nonce,
        'X-Signature': hmacHex(secret, [`${timestamp}${METHOD}`, percentDecoded(url.pathname), url.search, body]),
        'X-Signature-V2': hmacHex(secret, [[timestamp, nonce, METHOD, url.pathname + url.search, body].join('\n')]),
      }
    case 'github':
      return { 'X-Hub-Signature-256': `sha256=${hmacHex(secret, [body])}` }
    default:
      return {}
  }
}

function hmacHex(secret: string, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/** Of a part of a URL, as bytes: what it encodes need not be UTF-8. */
export const percentDecoded = (text: string): Uint8Array =>
  Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
