/** Settings of traces. */
import { describe, expect, test } from 'bun:test'
import { parseOtlpHeaders } from '../../src/config/otlp-headers'
import { problems, settings, warnings } from './support'

const ENDPOINT =
  'invalid OTEL_EXPORTER_OTLP_ENDPOINT value (expected an absolute http or https URL without user, query or fragment, such as http://collector:4318)'

describe('OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  test.each(['http://collector:4318', 'https://otlp.example/otlp/', 'http://[::1]:4318', 'http://10.0.0.7:4318'])(
    '%s',
    (url) => {
      expect(problems({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([])
      expect(warnings({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([])
    },
  )
  test.each([
    'collector:4318',
    '/v1/traces',
    'grpc://collector:4317',
    'https://u:hunter2@otlp.example',
    'https://otlp.example/?key=hunter2',
    'https://otlp.example/#hunter2',
  ])('%s is refused, and not shown', (url) => {
    expect(problems({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([ENDPOINT])
  })
  test('the port of gRPC is doubtful', () => {
    expect(warnings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT has port 4317, where collectors speak gRPC; OTLP over HTTP is mostly on 4318',
    ])
  })
})

describe('OTEL_EXPORTER_OTLP_HEADERS', () => {
  test('names and percent-encoded values', () => {
    expect(parseOtlpHeaders('Authorization=Bearer%20a=b, X-Tenant = 7 ,')).toEqual({
      authorization: 'Bearer a=b',
      'x-tenant': '7',
    })
    expect(parseOtlpHeaders('')).toEqual({})
  })
  test.each(['hunter2', '=hunter2', 'a b=hunter2', 'x=%0d%0ahunter2', 'x=%zz', 'Host=hunter2', 'content-type=hunter2'])(
    '%s is refused, and not shown',
    (OTEL_EXPORTER_OTLP_HEADERS) => {
      expect(problems({ OTEL_EXPORTER_OTLP_HEADERS })).toEqual([
        'invalid OTEL_EXPORTER_OTLP_HEADERS value (expected name=value,name=value with percent-encoded values, no Host and no Content- headers)',
      ])
    },
  )
  test('over http to another machine they can be read', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' }
    expect(warnings(env)).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT is http: OTEL_EXPORTER_OTLP_HEADERS travel in plain text',
    ])
    expect(warnings({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' })).toEqual([])
  })
})

describe('OTEL_TRACES_SAMPLER_ARG', () => {
  test.each(['0', '1', '1.0', '0.05', '.5'])('%s', (OTEL_TRACES_SAMPLER_ARG) => {
    expect(settings({ OTEL_TRACES_SAMPLER_ARG }).OTEL_TRACES_SAMPLER_ARG).toBe(OTEL_TRACES_SAMPLER_ARG)
  })
  test.each(['-0.1', '1.1', 'NaN', '10%', '1e-1', 'half'])('%s is refused', (OTEL_TRACES_SAMPLER_ARG) => {
    expect(problems({ OTEL_TRACES_SAMPLER_ARG })).toEqual([
      `invalid OTEL_TRACES_SAMPLER_ARG value: "${OTEL_TRACES_SAMPLER_ARG}" (expected a number from 0 to 1, such as 0.1)`,
    ])
  })
})
