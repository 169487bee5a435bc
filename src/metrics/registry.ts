/** Counts what happens. Each context has a registry of its own. */
import { type Aggregator, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Settings } from '../config/settings'
import { commit, version } from '../version'
import { METRICS, type MetricName } from './catalogue'
import { addProcessMetrics } from './process-metrics'

type Labels = Readonly<Record<string, string>>

export interface Metrics {
  readonly registry: Registry
  /** All of them in the text format of Prometheus. */
  text(): Promise<string>
  /** Adds to a counter. */
  count(name: MetricName, labels?: Labels, amount?: number): void
  /** Adds an observation, in the unit of the metric's name (seconds), to a histogram. */
  observe(name: MetricName, value: number, labels?: Labels): void
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: Labels): void
}

type MetricsSettings = Pick<Settings, 'METRICS_ENABLED' | 'ENABLE_AUDIT_LOGGING'>

/** Gauges that are shown as soon as their rows were counted, not as 0 before. */
const COUNTED_ROWS = [
  'oauth_device_codes_active',
  'oauth_device_codes_pending_authorization',
  'sessions_active',
] as const satisfies readonly MetricName[]

/** How gauges of several processes become one: what is in the database is the same for all of them. */
const acrossProcesses = (name: string): Aggregator => (name === 'http_requests_in_flight' ? 'sum' : 'max')

/** With `METRICS_ENABLED` off nothing is counted and the registry is empty. */
export function createMetrics(settings: MetricsSettings): Metrics {
  const registry = new Registry()
  const ignore = () => {}
  if (!settings.METRICS_ENABLED)
    return { registry, text: () => registry.metrics(), count: ignore, observe: ignore, set: ignore }

  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  for (const [name, metric] of Object.entries(METRICS)) {
    if (name.startsWith('audit_') && !settings.ENABLE_AUDIT_LOGGING) continue
    const options = { name, help: metric.help, labelNames: [...(metric.labels ?? [])], registers: [registry] }
    if (metric.kind === 'counter') counters.set(name, new Counter(options))
    else if (metric.kind === 'gauge') gauges.set(name, new Gauge({ ...options, aggregator: acrossProcesses(name) }))
    else
      histograms.set(name, new Histogram({ ...options, buckets: [...(('buckets' in metric && metric.buckets) || [])] }))
  }
  for (const name of COUNTED_ROWS) gauges.get(name)?.remove()
  addProcessMetrics(registry)

  const set: Metrics['set'] = (name, value, labels = {}) => gauges.get(name)?.set(labels, value)
  set('authgate_build_info', 1, { version, commit })
  return {
    registry,
    text: () => registry.metrics(),
    count: (name, labels = {}, amount = 1) => counters.get(name)?.inc(labels, amount),
    observe: (name, value, labels = {}) => histograms.get(name)?.observe(labels, value),
    set,
  }
}
