/** Every metric of the server: its name, kind, labels, buckets and meaning. Names are an interface for dashboards. */

const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A person needs minutes, not milliseconds, to approve a device. */
const APPROVAL_BUCKETS = [...DEFAULT_BUCKETS, 30, 60, 120, 300, 600, 1800]
const SESSION_BUCKETS = [60, 300, 600, 1800, 3600, 7200, 14400, 28800]
const HTTP_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: readonly string[]
  readonly buckets?: readonly number[]
}

const counter = (help: string, labels: readonly string[] = []): Metric => ({ kind: 'counter', help, labels })
const gauge = (help: string, labels: readonly string[] = []): Metric => ({ kind: 'gauge', help, labels })
const histogram = (help: string, buckets: readonly number[], labels: readonly string[] = []): Metric => ({
  kind: 'histogram',
  help,
  buckets,
  labels,
})

export const METRICS = {
  oauth_device_codes_total: counter('Device codes requested.', ['result']),
  oauth_device_codes_authorized_total: counter('Device codes approved by users.'),
  oauth_device_code_validation_total: counter('Device code polls.', ['result']),
  oauth_device_codes_active: gauge('Device codes that have not expired.'),
  oauth_device_codes_pending_authorization: gauge('Device codes that wait for approval.'),
  oauth_device_code_authorization_duration_seconds: histogram(
    'From device code request to approval.',
    APPROVAL_BUCKETS,
  ),
  oauth_tokens_issued_total: counter('Tokens issued.', ['token_type', 'grant_type']),
  oauth_tokens_revoked_total: counter('Tokens revoked.', ['reason']),
  oauth_tokens_refreshed_total: counter('Refresh grants.', ['result']),
  oauth_token_validation_total: counter('Access token validations.', ['result']),
  oauth_tokens_active: gauge('Tokens that are active and have not expired.', ['token_type']),
  oauth_token_generation_duration_seconds: histogram('Making one token.', DEFAULT_BUCKETS, ['provider']),
  oauth_token_validation_duration_seconds: histogram('Validating one token.', DEFAULT_BUCKETS, ['provider']),
  auth_attempts_total: counter('Password sign-in attempts.', ['method', 'result']),
  auth_login_total: counter('Sign-ins.', ['auth_source', 'result']),
  auth_second_factor_total: counter('Second factors sent, at a sign-in or a confirmation.', ['method', 'outcome']),
  auth_login_duration_seconds: histogram('Password sign-in.', DEFAULT_BUCKETS, ['method']),
  auth_external_api_duration_seconds: histogram(
    'One call of the service that checks passwords.',
    [...DEFAULT_BUCKETS, 30],
    ['provider'],
  ),
  auth_logout_total: counter('Sign-outs.'),
  sessions_active: gauge('Browser sessions that have not expired.'),
  sessions_created_total: counter('Browser sessions created.'),
  sessions_expired_total: counter('Browser sessions ended.', ['reason']),
  session_duration_seconds: histogram('From sign-in to sign-out.', SESSION_BUCKETS),
  auth_oauth_callback_total: counter('Returns from other sign-in providers.', ['provider', 'result']),
  http_requests_total: counter('HTTP requests.', ['method', 'path', 'status']),
  http_request_duration_seconds: histogram('HTTP request duration.', HTTP_BUCKETS, ['method', 'path']),
  http_requests_in_flight: gauge('HTTP requests being served.'),
  database_query_errors_total: counter('Failed counts of rows for the gauges.', ['operation']),
  cache_hits_total: counter('Look-ups that a cache answered.', ['cache_name']),
  cache_misses_total: counter('Look-ups that had to be fetched.', ['cache_name']),
  cache_errors_total: counter('Failures of a cache or of a fetch for it.', ['cache_name', 'operation']),
  ratelimit_rejected_total: counter('Requests refused by a rate limit.', ['route']),
  ratelimit_backend_errors_total: counter('Failures of the store that counts requests.'),
  audit_events_dropped_total: counter('Total number of audit log events dropped due to a full buffer.'),
  audit_events_write_failed_total: counter('Audit log events whose first write failed.'),
  trace_spans_dropped_total: counter('Spans that did not reach the collector of traces.', ['reason']),
  authgate_build_info: gauge('Always 1; the labels say what is running.', ['version', 'commit']),
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS
