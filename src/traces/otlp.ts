/** Spans as OTLP JSON: identifiers in hexadecimal, 64-bit numbers as texts (OTLP specification, JSON encoding). */

export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Absent for the first span of a trace. */
  readonly parentSpanId?: string | undefined
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly startMs: number
  readonly durationMs: number
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  readonly failed: boolean
}

type Attributes = Span['attributes']

const SERVER_KIND = 2
const STATUS_ERROR = 2
/** Sampled, and it is known whether the parent is another process's; the last bit says that it is. */
const FLAGS_ROOT = 0x101
const FLAGS_REMOTE_PARENT = 0x301

const SCOPE = 'authgate.http'

/** Body of `POST /v1/traces`. */
export const encodeSpans = (resource: Attributes, version: string, spans: readonly Span[]): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeSpans: [{ scope: { name: SCOPE, version }, spans: spans.map(encodeSpan) }],
      },
    ],
  })

function encodeSpan({ traceId, spanId, parentSpanId, name, startMs, durationMs, attributes, failed }: Span) {
  const start = BigInt(Math.trunc(startMs)) * 1_000_000n
  return {
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    flags: parentSpanId ? FLAGS_REMOTE_PARENT : FLAGS_ROOT,
    name,
    kind: SERVER_KIND,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round(durationMs * 1e6))),
    attributes: encodeAttributes(attributes),
    status: failed ? { code: STATUS_ERROR } : {},
  }
}

const encodeAttributes = (attributes: Attributes) =>
  Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined || value === '') return []
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }]
  })
