/** A collector of traces: takes OTLP over HTTP as JSON, as strictly as a real one, and keeps what arrived. */

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code?: number }
  /** By key. */
  readonly attributes: Readonly<Record<string, string>>
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, string>>
}

export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string
  /** Spans that were accepted. */
  readonly spans: readonly ReceivedSpan[]
  /** All requests: their headers and how many spans they carried. */
  readonly requests: readonly { readonly headers: Headers; readonly spans: number; readonly body: string }[]
  /** What no collector would take. */
  readonly problems: readonly string[]
  /** From now on; `undefined` accepts. May wait. */
  answer(next: (() => Response | Promise<Response> | undefined) | undefined): void
  close(): Promise<void>
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}
type Json = Record<string, unknown>

export function openCollector(port = 0): Collector {
  const spans: ReceivedSpan[] = []
  const requests: { headers: Headers; spans: number; body: string }[] = []
  const problems: string[] = []
  let answer: (() => Response | Promise<Response> | undefined) | undefined

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch: async (request) => {
      const body = await request.text()
      const { pathname, search } = new URL(request.url)
      if (request.method !== 'POST' || pathname !== '/v1/traces' || search !== '')
        problems.push(`${request.method} ${pathname}${search}`)
      if (request.headers.get('content-type') !== 'application/json') problems.push('content type')
      const received = readSpans(body, problems)
      requests.push({ headers: request.headers, spans: received.length, body })
      const refusal = await answer?.()
      if (refusal && !refusal.ok) return refusal
      spans.push(...received)
      return refusal ?? Response.json({ partialSuccess: {} })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    requests,
    problems,
    answer: (next) => {
      answer = next
    },
    close: () => server.stop(true),
  }
}

function readSpans(body: string, problems: string[]): ReceivedSpan[] {
  const must = (isRight: boolean, what: string) => {
    if (!isRight) problems.push(what)
  }
  const list = (holder: Json, name: string): Json[] => {
    must(Array.isArray(holder[name]) && (holder[name] as Json[]).length > 0, `${name} is no filled list`)
    return (holder[name] ?? []) as Json[]
  }
  const attributes = (holder: Json): Record<string, string> =>
    Object.fromEntries(
      (list(holder, 'attributes') as unknown as Attribute[]).map(({ key, value }) => {
        must(typeof key === 'string' && Object.keys(value).length === 1, `attribute ${key}`)
        must(value.stringValue !== undefined || /^-?\d+$/.test(value.intValue ?? ''), `value of ${key}`)
        return [key, value.stringValue ?? String(value.intValue)]
      }),
    )
  const id = (value: unknown, digits: number) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value) && !/^0+$/.test(value)
  const nanoseconds = (value: unknown) => typeof value === 'string' && /^[1-9]\d{18}$/.test(value)

  const spans: ReceivedSpan[] = []
  for (const group of list(JSON.parse(body) as Json, 'resourceSpans')) {
    const resource = attributes(group.resource as Json)
    for (const scoped of list(group, 'scopeSpans')) {
      must(typeof (scoped.scope as Json).name === 'string', 'scope without a name')
      for (const raw of list(scoped, 'spans')) {
        const span = { ...raw, attributes: attributes(raw), resource } as unknown as ReceivedSpan
        must(id(span.traceId, 32) && id(span.spanId, 16), 'ids of a span')
        must(span.parentSpanId === undefined || id(span.parentSpanId, 16), 'id of a parent')
        must(typeof span.name === 'string' && span.name !== '', 'name of a span')
        must(span.kind === 2, 'kind of a span')
        must(nanoseconds(span.startTimeUnixNano) && nanoseconds(span.endTimeUnixNano), 'times of a span')
        must(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), 'end before start')
        must([undefined, 0, 1, 2].includes(span.status.code), 'status of a span')
        spans.push(span)
      }
    }
  }
  return spans
}
