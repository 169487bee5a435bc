/** What the operating system says about this process, read at each scrape. What cannot be read is left out. */
import { readdirSync, readFileSync } from 'node:fs'
import { Counter, Gauge, type Registry } from 'prom-client'

export const PROCESS_METRICS = {
  process_cpu_seconds_total: 'counter',
  process_resident_memory_bytes: 'gauge',
  process_start_time_seconds: 'gauge',
  process_open_fds: 'gauge',
  process_max_fds: 'gauge',
  process_event_loop_lag_seconds: 'gauge',
} as const

export function addProcessMetrics(registry: Registry): void {
  const registers = [registry]
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent, in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1_000_000)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  const startedAt = Date.now() / 1000 - process.uptime()
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since the epoch.',
    aggregator: 'min',
    registers,
  }).set(startedAt)
  addDescriptorMetrics(registry)
  new Gauge({
    name: 'process_event_loop_lag_seconds',
    help: 'How late the event loop came to a task that was due at once.',
    aggregator: 'max',
    registers,
    async collect() {
      const before = performance.now()
      await new Promise((resolve) => setImmediate(resolve))
      this.set((performance.now() - before) / 1000)
    },
  })
}

/** Only where the kernel has /proc. */
function addDescriptorMetrics(registry: Registry): void {
  const limit = /^Max open files\s+(\d+)/m.exec(readOptional('/proc/self/limits'))?.[1]
  if (limit === undefined) return
  const registers = [registry]
  new Gauge({ name: 'process_max_fds', help: 'Most file descriptors it may open.', registers }).set(Number(limit))
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    registers,
    collect() {
      // One of them is the folder being listed.
      this.set(readdirSync('/proc/self/fd').length - 1)
    },
  })
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
