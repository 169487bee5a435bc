import { parseOtlpHeaders } from '../otlp-headers'
import { type Check, isLoopbackHost } from './check'

const RATIO = /^(0|1|0?\.\d+|0\.|1\.0*)$/
/** Collectors speak gRPC there, which is not what is sent. */
const GRPC_PORT = '4317'

export function checkTraces(check: Check): void {
  const { values, problem } = check
  if (!RATIO.test(values.OTEL_TRACES_SAMPLER_ARG))
    problem(
      `invalid OTEL_TRACES_SAMPLER_ARG value: "${values.OTEL_TRACES_SAMPLER_ARG}" (expected a number from 0 to 1, such as 0.1)`,
    )
  if (values.OTEL_SERVICE_NAME === '') problem('OTEL_SERVICE_NAME must not be empty; remove it to use authgate')
  if (!parseOtlpHeaders(values.OTEL_EXPORTER_OTLP_HEADERS))
    problem(
      'invalid OTEL_EXPORTER_OTLP_HEADERS value (expected name=value,name=value with percent-encoded values, no Host and no Content- headers)',
    )
  if (values.OTEL_EXPORTER_OTLP_ENDPOINT !== '') checkEndpoint(check)
}

/** The value may hold a password or a key, so it is never shown. */
function checkEndpoint({ values, problem, warn }: Check): void {
  const value = values.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || /[?#]/.test(value)) {
    problem(
      'invalid OTEL_EXPORTER_OTLP_ENDPOINT value (expected an absolute http or https URL without user, query or fragment, such as http://collector:4318)',
    )
    return
  }
  if (url.port === GRPC_PORT)
    warn('OTEL_EXPORTER_OTLP_ENDPOINT has port 4317, where collectors speak gRPC; OTLP over HTTP is mostly on 4318')
  if (url.protocol === 'http:' && values.OTEL_EXPORTER_OTLP_HEADERS !== '' && !isLoopbackHost(url.hostname))
    warn('OTEL_EXPORTER_OTLP_ENDPOINT is http: OTEL_EXPORTER_OTLP_HEADERS travel in plain text')
}
