/** Header fields of requests to a collector, as `OTEL_EXPORTER_OTLP_HEADERS` writes them: `name=value,name=value`. */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\x20-\x7e]*$/
/** What describes the connection and the body is not for others to say. */
const OWN = new Set(['host', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'connection'])

/** Values are percent-decoded. `undefined` when a part is not `name=value`, or names a header the sender sets itself. */
export function parseOtlpHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(at, 0)).trim().toLowerCase()
    const value = decoded(part.slice(at + 1).trim())
    if (!NAME.test(name) || OWN.has(name) || value === undefined || !VALUE.test(value)) return undefined
    headers[name] = value
  }
  return headers
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
