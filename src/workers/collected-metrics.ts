/** The metrics of all processes as those of one server. */
import { AggregatorRegistry } from 'prom-client'
import type { MetricSnapshot } from './messages'

export interface CollectedMetrics {
  /** Counts of a worker that has ended stay in the sums: a counter that falls looks like a restart. */
  keep(snapshot: readonly MetricSnapshot[]): void
  /** In the text format of Prometheus. */
  text(snapshots: readonly (readonly MetricSnapshot[])[]): Promise<string>
}

const ADDED_UP = new Set<unknown>(['counter', 'histogram'])

export function createCollectedMetrics(): CollectedMetrics {
  let kept: readonly MetricSnapshot[] = []
  return {
    keep: (snapshot) => {
      kept = added([kept, snapshot.filter(({ type }) => ADDED_UP.has(type))])
    },
    text: (snapshots) => AggregatorRegistry.aggregate([...snapshots, kept] as object[]).metrics(),
  }
}

/** By name and labels. */
function added(snapshots: readonly (readonly MetricSnapshot[])[]): MetricSnapshot[] {
  const metrics = new Map<string, MetricSnapshot>()
  for (const metric of snapshots.flat()) {
    const before = metrics.get(metric.name)
    metrics.set(metric.name, before ? { ...before, values: addedValues([...before.values, ...metric.values]) } : metric)
  }
  return [...metrics.values()]
}

function addedValues(values: MetricSnapshot['values']): MetricSnapshot['values'] {
  const sums = new Map<string, MetricSnapshot['values'][number]>()
  for (const entry of values) {
    const key = JSON.stringify([entry.metricName, Object.entries(entry.labels).sort()])
    const sum = sums.get(key)
    sums.set(key, sum ? { ...sum, value: sum.value + entry.value } : entry)
  }
  return [...sums.values()]
}
