/**
 * A JSON reader that keeps every number as it was written and refuses what two readers could understand differently.
 *
 * Values stay text: nothing becomes a JavaScript object, so no member name can reach a prototype, and no number passes
 * through a double. Member names of one object must be distinct (RFC 8259 §4 leaves duplicates undefined).
 */

/** The text is not one JSON value of the accepted form. `message` says why, without quoting values. */
export class JsonSyntaxError extends Error {}

/** One member of an object: its decoded name and its value as compact JSON text. */
export interface JsonMember {
  readonly name: string
  readonly value: string
}

const WHITE_SPACE = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const LITERAL = /true|false|null/y

/**
 * Reads one object. Resolves to `undefined` for the JSON text `null`.
 *
 * Throws `JsonSyntaxError` for anything else, for duplicate names at any level, for nesting deeper than `maxDepth`
 * (the object itself is level 1), and for numbers beyond the range of a double, which most consumers could not read.
 */
export function readJsonObject(text: string, maxDepth: number): JsonMember[] | undefined {
  let at = 0

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const skip = () => match(WHITE_SPACE)
  const take = (character: string): boolean => {
    if (text[at] !== character) return false
    at += 1
    return true
  }
  const fail = (): never => {
    throw new JsonSyntaxError(at >= text.length ? 'unexpected end of data' : `unexpected character at offset ${at}`)
  }
  /** Lone surrogates have no UTF-8 form; they become U+FFFD. */
  const string = (): string => (JSON.parse(match(STRING) ?? fail()) as string).toWellFormed()

  const members = (depth: number): JsonMember[] => {
    if (depth > maxDepth) throw new JsonSyntaxError(`nested deeper than ${maxDepth} levels`)
    const found: JsonMember[] = []
    const names = new Set<string>()
    skip()
    if (take('}')) return found
    for (;;) {
      skip()
      const name = string()
      if (names.has(name)) throw new JsonSyntaxError(`duplicate name ${JSON.stringify(name.slice(0, 128))}`)
      names.add(name)
      skip()
      if (!take(':')) fail()
      found.push({ name, value: value(depth) })
      skip()
      if (take('}')) return found
      if (!take(',')) fail()
    }
  }

  const elements = (depth: number): string[] => {
    if (depth > maxDepth) throw new JsonSyntaxError(`nested deeper than ${maxDepth} levels`)
    const found: string[] = []
    skip()
    if (take(']')) return found
    for (;;) {
      found.push(value(depth))
      skip()
      if (take(']')) return found
      if (!take(',')) fail()
    }
  }

  const value = (depth: number): string => {
    skip()
    if (take('{')) {
      const inner = members(depth + 1).map(({ name, value }) => `${JSON.stringify(name)}:${value}`)
      return `{${inner.join(',')}}`
    }
    if (take('[')) return `[${elements(depth + 1).join(',')}]`
    if (text[at] === '"') return JSON.stringify(string())
    const literal = match(LITERAL)
    if (literal !== undefined) return literal
    const number = match(NUMBER)
    if (number === undefined) return fail()
    if (!Number.isFinite(Number(number))) throw new JsonSyntaxError('number out of range')
    return number
  }

  skip()
  const isNull = text.startsWith('null', at)
  let result: JsonMember[] | undefined
  if (isNull) at += 4
  else if (take('{')) result = members(1)
  else fail()
  skip()
  if (at < text.length) throw new JsonSyntaxError('unexpected trailing data')
  return result
}
