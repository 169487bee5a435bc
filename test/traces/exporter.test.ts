/** Sending spans: in batches, to the operator's collector only, and what happens when it is slow, away or unwilling. */
import { afterEach, describe, expect, test } from 'bun:test'
import { createHandler } from '../../src/server'
import { createTraceExporter, type ExporterOptions, MOST_WAITING, type TraceExporter } from '../../src/traces/exporter'
import type { Span } from '../../src/traces/otlp'
import { ORIGIN } from '../edge/support'
import { parseExposition } from '../metrics/exposition'
import { openTestApp, type TestApp } from '../support/app'
import { type Collector, openCollector } from '../support/collector'
import { eventually } from '../support/daemon'
import { freePort } from '../support/ports'

let collector: Collector | undefined
let app: TestApp
let exporter: TraceExporter
afterEach(async () => {
  await exporter.stop(0)
  await app.close()
  await collector?.close()
  collector = undefined
})

async function open(options: ExporterOptions = {}, settings: Record<string, string> = {}) {
  app = await openTestApp({ settings: { OTEL_EXPORTER_OTLP_ENDPOINT: collector?.url ?? '', ...settings } })
  exporter = createTraceExporter(app.ctx, options) as TraceExporter
}

const span = (n: number): Span => ({
  traceId: (n + 1).toString(16).padStart(32, '0'),
  spanId: (n + 1).toString(16).padStart(16, '0'),
  name: `GET /${n}`,
  startMs: 1_790_000_000_000,
  durationMs: 1.5,
  attributes: { 'http.response.status_code': 200 },
  failed: false,
})
const addSpans = (from: number, count: number) => {
  for (let n = from; n < from + count; n++) exporter.add(span(n))
}
const arrived = (count: number) =>
  eventually(`${count} spans arrive`, async () => ((collector?.spans.length ?? 0) >= count ? true : undefined), {
    limit: 5_000,
  })
const requested = (count: number) =>
  eventually(`${count} attempts`, async () => ((collector?.requests.length ?? 0) >= count ? true : undefined), {
    limit: 5_000,
  })
const dropped = async (): Promise<Record<string, number>> => {
  const families = parseExposition(await app.ctx.metrics.registry.metrics())
  const samples = families.get('trace_spans_dropped_total')?.samples ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.reason, value]))
}

describe('batches', () => {
  test('512 spans go at once, the rest a moment after; nothing twice, nothing lost', async () => {
    collector = openCollector()
    await open({ batchWaitMs: 100 }, { OTEL_EXPORTER_OTLP_HEADERS: 'X-Key=a%20b%2Cc, x-tenant = one' })
    addSpans(0, 1_300)
    await arrived(1_300)
    expect(collector.requests.map(({ spans }) => spans)).toEqual([512, 512, 276])
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(1_300)
    expect(collector.problems).toEqual([])
    expect(collector.spans[0]).toMatchObject({
      startTimeUnixNano: '1790000000000000000',
      endTimeUnixNano: '1790000000001500000',
    })
    expect(collector.requests[0]?.headers.get('x-key')).toBe('a b,c')
    expect(collector.requests[0]?.headers.get('x-tenant')).toBe('one')
    expect(await dropped()).toEqual({})
  })

  test('few spans wait for the interval', async () => {
    collector = openCollector()
    await open({ batchWaitMs: 200 })
    addSpans(0, 3)
    await Bun.sleep(80)
    expect(collector.requests).toHaveLength(0)
    await arrived(3)
    expect(collector.requests).toHaveLength(1)
  })

  test('an internal address is called although OUTGOING_ALLOWED_HOSTS does not open it; others stay closed [SEC]', async () => {
    collector = openCollector()
    await open({}, { BASE_URL: 'https://id.example' })
    addSpans(0, 1)
    await exporter.stop(2_000)
    expect(collector.spans).toHaveLength(1)
    const other = collector.url.replace('127.0.0.1', '127.0.0.2')
    const request = { method: 'GET', timeoutMs: 1_000, answerLimit: 0 } as const
    await expect(app.ctx.outgoing.send(other, request)).rejects.toThrow('refused')
    await expect(app.ctx.outgoing.send(collector.url, request)).rejects.toThrow('refused')
  })
})

describe('a collector with difficulties', () => {
  for (const status of [429, 502, 503, 504])
    test(`${status}: the spans are sent again`, async () => {
      collector = openCollector()
      await open({ batchWaitMs: 20 })
      collector.answer(() => new Response('busy', { status }))
      addSpans(0, 10)
      await requested(3)
      collector.answer(undefined)
      await arrived(10)
      expect(collector.spans).toHaveLength(10)
      expect(await dropped()).toEqual({})
      // The collector has the spans a moment before the exporter has its answer.
      await eventually('the line', async () =>
        app?.log().some(({ message }) => message === 'Traces are sent again') ? true : undefined,
      )
      const lines = app.log().filter(({ message }) => message.startsWith('Traces'))
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ['warn', 'Traces cannot be sent'],
        ['info', 'Traces are sent again'],
      ])
      expect(lines[0]?.fields).toEqual({ reason: `HTTP ${status}` })
    })

  for (const status of [302, 400, 401, 500])
    test(`${status}: the spans are dropped and counted, a redirect is not followed`, async () => {
      collector = openCollector()
      await open({ batchWaitMs: 20 })
      collector.answer(() => new Response('no', { status, headers: { Location: '/v1/traces' } }))
      addSpans(0, 10)
      await eventually('the drop', async () => ((await dropped()).rejected === 10 ? true : undefined))
      expect(collector.requests).toHaveLength(1)
    })

  test('what a collector takes only in part is counted', async () => {
    collector = openCollector()
    await open()
    collector.answer(() => Response.json({ partialSuccess: { rejectedSpans: '4', errorMessage: 'old' } }))
    addSpans(0, 10)
    await exporter.stop(2_000)
    expect(await dropped()).toEqual({ rejected: 4 })
  })

  test('away: what waits is bounded, the oldest goes and is counted; after its return the newest arrive', async () => {
    const port = await freePort()
    await open({ batchWaitMs: 50 }, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` })
    addSpans(0, MOST_WAITING + 1_000)
    await eventually('a failed attempt', async () =>
      app.log().some(({ message }) => message === 'Traces cannot be sent') ? true : undefined,
    )
    expect(await dropped()).toEqual({ queue_full: 1_000 })
    collector = openCollector(port)
    await arrived(MOST_WAITING)
    const names = collector.spans.map(({ name }) => name)
    expect(names).toHaveLength(MOST_WAITING)
    expect(names).toContain(`GET /${MOST_WAITING + 999}`)
    expect(names).not.toContain('GET /999')
    expect(await dropped()).toEqual({ queue_full: 1_000 })
  })

  test.each(['slow', 'away', 'failing'])('%s: requests are answered as ever', async (state) => {
    if (state !== 'away') collector = openCollector()
    collector?.answer(state === 'slow' ? () => new Promise(() => {}) : () => new Response('', { status: 500 }))
    const settings: Record<string, string> = collector
      ? {}
      : { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }
    await open({ batchWaitMs: 10, sendLimitMs: 100 }, settings)
    const handle = createHandler({ ...app.ctx, traces: exporter })
    const slowest = { ms: 0 }
    for (let n = 0; n < 300; n++) {
      const startedAt = performance.now()
      expect((await handle(new Request(`${ORIGIN}/livez`), '127.0.0.1')).status).toBe(200)
      slowest.ms = Math.max(slowest.ms, performance.now() - startedAt)
      if (n % 100 === 0) await Bun.sleep(150)
    }
    expect(slowest.ms).toBeLessThan(1_000)
    expect(app.log().some(({ message }) => message === 'Traces cannot be sent')).toBe(true)
  })
})

describe('the end', () => {
  test('what waits is sent', async () => {
    collector = openCollector()
    await open()
    addSpans(0, 700)
    await exporter.stop(2_000)
    expect(collector.spans).toHaveLength(700)
    exporter.add(span(701))
    expect(await dropped()).toEqual({ shutdown: 1 })
  })

  test('a collector that is away is tried once, and does not fail the end', async () => {
    await open({}, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` })
    addSpans(0, 40)
    await exporter.stop(2_000)
    expect(await dropped()).toEqual({ shutdown: 40 })
    expect(app.log().at(-1)).toMatchObject({ level: 'warn', fields: { spans: 40 } })
  })

  test('a collector that never answers is left when the limit is over', async () => {
    collector = openCollector()
    collector.answer(() => new Promise(() => {}))
    await open({ batchWaitMs: 10 })
    addSpans(0, 600)
    await requested(1)
    const startedAt = performance.now()
    await exporter.stop(200)
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    expect(await dropped()).toEqual({ shutdown: 600 })
  })
})
