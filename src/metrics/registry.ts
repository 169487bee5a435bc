/** Counts what happens. Each context has a registry of its own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricName } from './catalogue'

type Labels = Readonly<Record<string, string>>

export interface Metrics {
  readonly registry: Registry
  /** Adds to a counter. */
  count(name: MetricName, labels?: Labels, amount?: number): void
  /** Adds an observation, in the unit of the metric's name (seconds), to a histogram. */
  observe(name: MetricName, value: number, labels?: Labels): void
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: Labels): void
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  for (const [name, metric] of Object.entries(METRICS)) {
    const options = { name, help: metric.help, labelNames: [...(metric.labels ?? [])], registers: [registry] }
    if (metric.kind === 'counter') counters.set(name, new Counter(options))
    else if (metric.kind === 'gauge') gauges.set(name, new Gauge(options))
    else histograms.set(name, new Histogram({ ...options, buckets: [...(('buckets' in metric && metric.buckets) || [])] }))
  }
  return {
    registry,
    count: (name, labels = {}, amount = 1) => counters.get(name)?.inc(labels, amount),
    observe: (name, value, labels = {}) => histograms.get(name)?.observe(labels, value),
    set: (name, value, labels = {}) => gauges.get(name)?.set(labels, value),
  }
}
