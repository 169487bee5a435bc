/**
 * Constants of a statement, written into its text.
 *
 * SQLite plans a statement again at every execution when a bound value took part in the plan, as that of `LIMIT ?`
 * does: a read by key then costs ten times as much.
 */

/** What needs no escaping. Constants come from the code, never from a request; anything else stays bound. */
const PLAIN_TEXT = /^[\w .:-]*$/
/** Quoted names and texts, or a slot. */
const QUOTED_OR_SLOT = /"[^"]*"|'[^']*'|\?/g

/** `isConstant` tells slots that are filled per call from those that never change. */
export function inlineConstants(
  sql: string,
  params: readonly unknown[],
  isConstant: (slot: unknown) => boolean,
): { sql: string; params: unknown[] } {
  const remaining: unknown[] = []
  let slots = 0
  const text = sql.replace(QUOTED_OR_SLOT, (found) => {
    if (found !== '?') return found
    const slot = params[slots++]
    const literal = isConstant(slot) ? literalOf(slot) : undefined
    if (literal === undefined) remaining.push(slot)
    return literal ?? '?'
  })
  if (slots !== params.length) throw new Error(`the statement has ${slots} slots for ${params.length} parameters`)
  return { sql: text, params: remaining }
}

function literalOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string' && PLAIN_TEXT.test(value)) return `'${value}'`
  return value === null ? 'null' : undefined
}
