/** `application/x-www-form-urlencoded`, read strictly: what cannot be read for certain is refused, not guessed. */

/** Values by name; without prototype, so that no name means anything to JavaScript. Empty values are left out. */
export type Form = Record<string, string>

export class MalformedForm extends Error {}

/** A parameter was sent twice: whoever reads the first and whoever reads the last would see different requests. */
export class RepeatedParameter extends Error {
  constructor(readonly parameter: string) {
    super('parameter repeated')
  }
}

/** The one parameter that may repeat (RFC 8707 §2). Its values are joined by spaces, which no URI contains. */
const REPEATABLE = 'resource'

const refuseRepetition = (name: string): void => {
  throw new RepeatedParameter(name)
}

/**
 * Parses a body or query string. Throws `MalformedForm` on broken percent-encoding, invalid UTF-8 and NUL, and
 * `RepeatedParameter` unless `onRepeated` takes note of the name; its first value then stays.
 */
export function parseForm(text: string, onRepeated: (name: string) => void = refuseRepetition): Form {
  // Decoders put U+FFFD where bytes are not UTF-8; a form would have encoded the character itself.
  if (text.includes('\ufffd')) throw new MalformedForm('not UTF-8')
  const form: Form = Object.create(null)
  const seen = new Set<string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    if (seen.has(name) && name !== REPEATABLE) {
      onRepeated(name)
      continue
    }
    seen.add(name)
    if (value !== '') form[name] = name in form ? `${form[name]} ${value}` : value
  }
  return form
}

function decode(text: string): string {
  if (text.includes('\u0000')) throw new MalformedForm('NUL')
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  let decoded: string
  try {
    decoded = decodeURIComponent(spaced)
  } catch {
    throw new MalformedForm('percent-encoding')
  }
  if (decoded.includes('\u0000')) throw new MalformedForm('NUL')
  return decoded
}
