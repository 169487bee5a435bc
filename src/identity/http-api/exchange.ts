/** One request to the service and its answer. */
import type { Settings } from '../../config/settings'
import { codeOf, readLimited, trustedCertificates } from '../../outgoing/outgoing'

export interface ServiceAnswer {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | undefined
  /** Of 2xx answers only; `undefined` when it was too long or broke off. */
  readonly body: string | undefined
}

/** The service gave no answer. */
export class NoAnswer extends Error {
  constructor(
    /** Code of the failure, such as `ECONNREFUSED`; never what was sent. */
    readonly reason: string,
    /**
     * False when the request was sent and nothing came back in time: the service may still be at it, and guesses that
     * arrive twice lock accounts there.
     */
    readonly isRepeatable: boolean,
  ) {
    super(reason)
    this.name = 'NoAnswer'
  }
}

export interface ServiceRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
}

/** Throws `NoAnswer`. */
export type Exchange = (request: ServiceRequest) => Promise<ServiceAnswer>

type ExchangeSettings = Pick<Settings, 'HTTP_API_INSECURE_SKIP_VERIFY' | 'OUTGOING_CA_FILE'>

const ANSWER_LIMIT = 64 * 1024

/**
 * The address is the operator's choice, so internal ones are called like any other; redirects, which are not the
 * operator's choice, are answers and lead nowhere. Standard proxy variables are honoured.
 */
export function createExchange(settings: ExchangeSettings): Exchange {
  const ca = trustedCertificates(settings)
  const tls = { rejectUnauthorized: !settings.HTTP_API_INSECURE_SKIP_VERIFY, ...(ca && { ca }) }

  return async ({ url, headers, body, timeoutMs }) => {
    const limit = AbortSignal.timeout(timeoutMs)
    const outgoing = observedBody(Buffer.from(body))
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'Content-Type': 'application/json',
          'Content-Length': String(Buffer.byteLength(body)),
          Accept: 'application/json',
          'Accept-Encoding': 'identity',
          'User-Agent': 'AuthGate',
        },
        body: outgoing.stream,
        redirect: 'manual',
        // A kept connection that the service has closed meanwhile would be noticed by sending the same request twice.
        keepalive: false,
        signal: limit,
        tls,
      })
      return await readAnswer(response)
    } catch (error) {
      if (limit.aborted) throw new NoAnswer(`no answer within ${Math.round(timeoutMs)} ms`, !outgoing.isSent())
      throw new NoAnswer(codeOf(error), true)
    }
  }
}

/** A body that knows whether it was asked for, which happens when the connection stands and its certificate is right. */
function observedBody(bytes: Uint8Array): { readonly stream: ReadableStream; isSent(): boolean } {
  let sent = false
  const stream = new ReadableStream(
    {
      pull: (controller) => {
        sent = true
        controller.enqueue(bytes)
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, isSent: () => sent }
}

async function readAnswer(response: Response): Promise<ServiceAnswer> {
  const { status, headers } = response
  return {
    status,
    contentType: headers.get('content-type') ?? '',
    retryAfter: headers.get('retry-after') ?? undefined,
    body: response.ok ? await readLimited(response, ANSWER_LIMIT).catch(() => undefined) : await unread(response),
  }
}

/** Whatever it says is not needed, however long it goes on. */
async function unread({ body }: Response): Promise<undefined> {
  await body?.cancel().catch(() => {})
}
