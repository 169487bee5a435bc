/**
 * The `.env` file.
 *
 * One statement a line: `KEY=value`, `KEY: value`, with optional `export `. Unquoted values end at a ` #` comment;
 * single quotes are literal, double quotes understand `\n`, `\r` and `\"`; both may span lines. `${NAME}` stands for an
 * earlier key or an environment variable; a bare `$` is literal. The last of equal keys wins.
 */

/** Names the line, never the value: a value may be a secret. */
export class DotenvError extends Error {
  constructor(line: number, reason: string) {
    super(`invalid .env file: line ${line}: ${reason}`)
  }
}

const KEY = /^[A-Za-z_][A-Za-z0-9_.]*$/
const REFERENCE = /\\\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

type Environment = Readonly<Record<string, string | undefined>>

export function parseDotenv(source: string, environment: Environment): Map<string, string> {
  const text = source.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  const values = new Map<string, string>()
  let at = 0
  let line = 1

  const expand = (value: string): string =>
    value.replace(REFERENCE, (_reference, name: string | undefined) => {
      if (name === undefined) return '$'
      const replacement = values.get(name) ?? environment[name]
      if (replacement === undefined) throw new DotenvError(line, `\${${name}} is not defined`)
      return replacement
    })

  /** Reads up to the closing quote and returns what is between. */
  const quoted = (quote: string): string => {
    const start = at
    for (let end = start; end < text.length; end += 1) {
      const escaped = quote === '"' && text[end - 1] === '\\' && end > start
      if (text[end] !== quote || escaped) continue
      const inside = text.slice(start, end)
      at = end + 1
      const rest = /[^\n]*/y
      rest.lastIndex = at
      const after = rest.exec(text)?.[0] ?? ''
      const closingLine = line + inside.split('\n').length - 1
      if (!/^\s*(#.*)?$/.test(after)) throw new DotenvError(closingLine, 'text after the closing quote')
      at += after.length
      const value = quote === "'" ? inside : withEscapes(inside)
      line = closingLine
      return value
    }
    throw new DotenvError(line, 'the quote is not closed')
  }

  const withEscapes = (inside: string): string => {
    const protectedDollar = inside.replace(/\\([^$])/g, (_, character: string) =>
      character === 'n' ? '\n' : character === 'r' ? '\r' : character,
    )
    return expand(protectedDollar)
  }

  while (at < text.length) {
    const end = text.indexOf('\n', at)
    const statement = text.slice(at, end === -1 ? text.length : end)
    const trimmed = statement.trim()
    if (trimmed !== '' && !trimmed.startsWith('#')) {
      const separator = /[=:]/.exec(statement)?.index
      if (separator === undefined) throw new DotenvError(line, 'no = after the name')
      const key = statement
        .slice(0, separator)
        .trim()
        .replace(/^export\s+/, '')
      if (!KEY.test(key)) throw new DotenvError(line, 'the name may hold letters, digits, _ and . only')
      const value = statement.slice(separator + 1)
      const quote = value.trimStart()[0]
      if (quote === '"' || quote === "'") {
        at += separator + 1 + value.indexOf(quote) + 1
        values.set(key, quoted(quote))
      } else {
        // A # needs white space before it; right after the separator it belongs to the value.
        const cut = /\s#/.exec(value)?.index
        values.set(key, expand((cut === undefined ? value : value.slice(0, cut)).trim()))
        at += statement.length
      }
    } else at += statement.length
    if (at < text.length) {
      at += 1
      line += 1
    }
  }
  return values
}
