/** Names, kinds, labels and buckets are an interface: dashboards and alerts of running deployments depend on them. */
import { describe, expect, test } from 'bun:test'
import { METRICS } from '../../src/metrics/catalogue'
import { createMetrics } from '../../src/metrics/registry'
import { parseExposition } from './exposition'

const DEFAULT = '0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10'
/** Name, kind, labels; for histograms the buckets. */
const PUBLISHED: readonly (readonly [string, string, string, string?])[] = [
  ['oauth_device_codes_total', 'counter', 'result'],
  ['oauth_device_codes_authorized_total', 'counter', ''],
  ['oauth_device_code_validation_total', 'counter', 'result'],
  ['oauth_device_codes_active', 'gauge', ''],
  ['oauth_device_codes_pending_authorization', 'gauge', ''],
  ['oauth_device_code_authorization_duration_seconds', 'histogram', '', `${DEFAULT} 30 60 120 300 600 1800`],
  ['oauth_tokens_issued_total', 'counter', 'token_type grant_type'],
  ['oauth_tokens_revoked_total', 'counter', 'reason'],
  ['oauth_tokens_refreshed_total', 'counter', 'result'],
  ['oauth_token_validation_total', 'counter', 'result'],
  ['oauth_tokens_active', 'gauge', 'token_type'],
  ['oauth_token_generation_duration_seconds', 'histogram', 'provider', DEFAULT],
  ['oauth_token_validation_duration_seconds', 'histogram', 'provider', DEFAULT],
  ['auth_attempts_total', 'counter', 'method result'],
  ['auth_login_total', 'counter', 'auth_source result'],
  ['auth_second_factor_total', 'counter', 'method outcome'],
  ['auth_login_duration_seconds', 'histogram', 'method', DEFAULT],
  ['auth_logout_total', 'counter', ''],
  ['auth_oauth_callback_total', 'counter', 'provider result'],
  ['sessions_active', 'gauge', ''],
  ['sessions_created_total', 'counter', ''],
  ['sessions_expired_total', 'counter', 'reason'],
  ['session_duration_seconds', 'histogram', '', '60 300 600 1800 3600 7200 14400 28800'],
  ['http_requests_total', 'counter', 'method path status'],
  ['http_request_duration_seconds', 'histogram', 'method path', `0.001 ${DEFAULT}`],
  ['http_requests_in_flight', 'gauge', ''],
  ['database_query_errors_total', 'counter', 'operation'],
  ['cache_hits_total', 'counter', 'cache_name'],
  ['cache_misses_total', 'counter', 'cache_name'],
  ['cache_errors_total', 'counter', 'cache_name operation'],
  ['audit_events_dropped_total', 'counter', ''],
  ['audit_events_write_failed_total', 'counter', ''],
  ['ratelimit_rejected_total', 'counter', 'route'],
  ['ratelimit_backend_errors_total', 'counter', ''],
  ['trace_spans_dropped_total', 'counter', 'reason'],
  ['authgate_build_info', 'gauge', 'version commit'],
]

const on = { METRICS_ENABLED: true, ENABLE_AUDIT_LOGGING: true }
const exposed = async (settings = on) => parseExposition(await createMetrics(settings).registry.metrics())

describe('catalogue', () => {
  for (const [name, kind, labels, buckets] of PUBLISHED)
    test(`${name} is a ${kind} of (${labels})`, () => {
      const metric = Object.entries(METRICS).find(([each]) => each === name)?.[1]
      expect(metric?.kind).toBe(kind as 'counter')
      expect(metric?.labels?.join(' ')).toBe(labels)
      expect(metric && 'buckets' in metric ? metric.buckets?.join(' ') : undefined).toBe(buckets)
    })

  test('every published name is exposed from the start with its kind and a text', async () => {
    const families = await exposed()
    for (const [name, kind] of PUBLISHED) {
      expect([name, families.get(name)?.type]).toEqual([name, kind])
      expect(families.get(name)?.help).not.toBe('')
    }
  })

  test('counters without labels begin at 0; gauges of rows appear once the rows were counted', async () => {
    const families = await exposed()
    expect(families.get('auth_logout_total')?.samples).toEqual([{ name: 'auth_logout_total', labels: {}, value: 0 }])
    for (const gauge of ['sessions_active', 'oauth_device_codes_active', 'oauth_tokens_active'])
      expect(families.get(gauge)?.samples).toEqual([])
  })

  test('what is running is a label', async () => {
    const [sample] = (await exposed()).get('authgate_build_info')?.samples ?? []
    expect(sample).toEqual({ name: 'authgate_build_info', labels: { version: 'dev', commit: '' }, value: 1 })
  })

  test('the audit counters exist only with audit logging', async () => {
    const names = [...(await exposed({ ...on, ENABLE_AUDIT_LOGGING: false })).keys()]
    expect(names.filter((name) => name.startsWith('audit_'))).toEqual([])
  })

  test('with metrics off nothing is kept', async () => {
    const metrics = createMetrics({ ...on, METRICS_ENABLED: false })
    metrics.count('auth_logout_total')
    metrics.observe('session_duration_seconds', 1)
    metrics.set('sessions_active', 1)
    expect(metrics.registry.getMetricsAsArray()).toEqual([])
  })
})

describe('the process', () => {
  test('memory, CPU time, start, descriptors and lag are those of this process', async () => {
    const families = await exposed()
    const value = (name: string) => families.get(name)?.samples[0]?.value ?? Number.NaN
    expect(value('process_resident_memory_bytes')).toBeWithin(10e6, 10e9)
    const { user, system } = process.cpuUsage()
    expect(value('process_cpu_seconds_total')).toBeWithin(0.01, (user + system) / 1e6)
    expect(Math.abs(value('process_start_time_seconds') - (Date.now() / 1000 - process.uptime()))).toBeLessThan(5)
    expect(value('process_open_fds')).toBeWithin(3, value('process_max_fds'))
    expect(value('process_event_loop_lag_seconds')).toBeWithin(0, 5)
  })

  test('CPU time is read anew at each scrape and never falls', async () => {
    const { registry } = createMetrics(on)
    const read = async () =>
      parseExposition(await registry.metrics()).get('process_cpu_seconds_total')?.samples[0]?.value ?? Number.NaN
    const before = await read()
    const until = performance.now() + 30
    while (performance.now() < until) Math.sqrt(until)
    expect(await read()).toBeGreaterThan(before)
  })
})
