/** The trace that a request belongs to, as its sender says (W3C Trace Context §3.2). */

export interface Parent {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NONE = /^0+$/
const SAMPLED = 1

/** `undefined` for what is absent or malformed: the request then begins a trace of its own (§3.2.2.5, §4.3). */
export function parseTraceparent(header: string | null): Parent | undefined {
  const match = FORM.exec(header ?? '')
  if (!match) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match
  // Only later versions may say more, and `ff` is none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (NONE.test(traceId) || NONE.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 }
}
