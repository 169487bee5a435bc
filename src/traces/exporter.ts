/**
 * Sends spans to a collector, many at a time. Traces are a help, not a record: a collector that is slow or away costs
 * spans, never a request. What waits is bounded; what has to go is the oldest, and it is counted.
 */
import { parseOtlpHeaders } from '../config/otlp-headers'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { createOutgoing, type Outgoing, type OutgoingAnswer } from '../outgoing/outgoing'
import { OutgoingError } from '../outgoing/outgoing-error'
import { version } from '../version'
import { encodeSpans, type Span } from './otlp'

export interface TraceExporter {
  /** Never throws, never waits. */
  add(span: Span): void
  /** Sends what waits, within so many milliseconds. Never throws: what cannot be sent is counted and said. */
  stop(limitMs: number): Promise<void>
}

const BATCH = 512
const BATCH_WAIT_MS = 5_000
/** Spans that may wait, about 1 MB. */
export const MOST_WAITING = 2_048
const LONGEST_PAUSE_MS = 60_000
const SEND_LIMIT_MS = 10_000
const ANSWER_LIMIT = 65_536

/** Answers after which the same spans may be sent again (OTLP specification, retryable response codes). */
const RETRYABLE = new Set([429, 502, 503, 504])

type ExporterContext = Pick<Context, 'settings' | 'random' | 'log' | 'metrics'>
export interface ExporterOptions {
  readonly outgoing?: Outgoing
  readonly batchWaitMs?: number
  readonly sendLimitMs?: number
}

/** `undefined` without `OTEL_EXPORTER_OTLP_ENDPOINT`. */
export function createTraceExporter(ctx: ExporterContext, options: ExporterOptions = {}): TraceExporter | undefined {
  const { settings, random, log, metrics } = ctx
  if (settings.OTEL_EXPORTER_OTLP_ENDPOINT === '') return undefined
  const { outgoing = collectorOnly(settings), batchWaitMs = BATCH_WAIT_MS, sendLimitMs = SEND_LIMIT_MS } = options
  const url = `${settings.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`
  const headers = { ...parseOtlpHeaders(settings.OTEL_EXPORTER_OTLP_HEADERS), 'content-type': 'application/json' }
  const resource = {
    'service.name': settings.OTEL_SERVICE_NAME,
    'service.version': version,
    'service.instance.id': random.uuid(),
  }
  const ending = new AbortController()
  let waiting: Span[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending: Promise<void> | undefined
  let pauseMs = batchWaitMs
  let failing = false
  let stopped = false

  const drop = (reason: 'queue_full' | 'rejected' | 'shutdown', amount: number) =>
    metrics.count('trace_spans_dropped_total', { reason }, amount)

  const dropOldest = () => {
    const tooMany = waiting.length - MOST_WAITING
    if (tooMany <= 0) return
    waiting.splice(0, tooMany)
    drop('queue_full', tooMany)
  }

  const failed = (reason: string) => {
    if (!failing) log.warn({ reason }, 'Traces cannot be sent')
    failing = true
  }

  const recovered = () => {
    if (failing) log.info({}, 'Traces are sent again')
    failing = false
    pauseMs = batchWaitMs
  }

  const postponed = (batch: readonly Span[], reason: string) => {
    waiting = [...batch, ...waiting]
    dropOldest()
    if (failing) pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    failed(reason)
  }

  const sendBatch = async (): Promise<void> => {
    const batch = waiting.splice(0, BATCH)
    const limits = { timeoutMs: sendLimitMs, answerLimit: ANSWER_LIMIT, signal: ending.signal }
    try {
      const body = encodeSpans(resource, version, batch)
      const answer = await outgoing.send(url, { method: 'POST', headers, body, ...limits })
      if (RETRYABLE.has(answer.status)) return postponed(batch, `HTTP ${answer.status}`)
      const isAccepted = answer.status >= 200 && answer.status < 300
      const rejected = isAccepted ? rejectedSpans(answer) : batch.length
      if (rejected > 0) drop('rejected', Math.min(rejected, batch.length))
      if (isAccepted) recovered()
      else failed(`HTTP ${answer.status}`)
    } catch (error) {
      const isRefusal = !(error instanceof OutgoingError) || error.kind === 'refused' || error.kind === 'too_large'
      if (!isRefusal) return postponed(batch, error.message)
      drop('rejected', batch.length)
      failed(error instanceof OutgoingError ? error.message : 'unexpected error')
    }
  }

  const start = () => {
    clearTimeout(timer)
    timer = undefined
    sending = sendBatch().finally(() => {
      sending = undefined
      if (waiting.length > 0) schedule()
    })
  }

  const schedule = () => {
    if (sending || stopped) return
    if (waiting.length >= BATCH && !failing) start()
    // A command that ends is not kept waiting.
    else timer ??= setTimeout(start, pauseMs).unref()
  }

  return {
    add: (span) => {
      if (stopped) {
        drop('shutdown', 1)
        return
      }
      waiting.push(span)
      dropOldest()
      schedule()
    },
    stop: async (limitMs) => {
      stopped = true
      clearTimeout(timer)
      const limit = setTimeout(() => ending.abort(), limitMs)
      await sending
      let left = Number.POSITIVE_INFINITY
      // A batch that came back is not tried again and again.
      while (waiting.length > 0 && waiting.length < left && !ending.signal.aborted) {
        left = waiting.length
        await sendBatch()
      }
      clearTimeout(limit)
      if (waiting.length === 0) return
      drop('shutdown', waiting.length)
      log.warn({ spans: waiting.length }, 'Traces that could not be sent are dropped')
      waiting = []
    },
  }
}

/** Opens the collector's host, which the operator named, wherever it is; and nothing else. */
function collectorOnly(settings: Settings): Outgoing {
  const host = new URL(settings.OTEL_EXPORTER_OTLP_ENDPOINT).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return createOutgoing({ ...settings, OUTGOING_ALLOWED_HOSTS: [host] })
}

/** A collector may take a part only (OTLP specification, partial success). */
function rejectedSpans({ body }: OutgoingAnswer): number {
  try {
    const { partialSuccess } = JSON.parse(body) as { partialSuccess?: { rejectedSpans?: unknown } }
    const count = Number(partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(count) && count > 0 ? count : 0
  } catch {
    return 0
  }
}
