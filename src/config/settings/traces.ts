import { secret, text } from '../setting'

export const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: text(
    '',
    'Collector of traces (OTLP over HTTP), such as http://collector:4318; empty: none.',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: secret('Header fields for the collector: name=value,name=value, values percent-encoded.'),
  OTEL_SERVICE_NAME: text('authgate', 'Name of this service in traces.'),
  OTEL_TRACES_SAMPLER_ARG: text('1', 'Share of requests that are traced, from 0 to 1.'),
}
