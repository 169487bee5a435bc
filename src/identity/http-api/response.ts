/** What the service's answer means. Its texts go nowhere: they may quote the password. */
import type { ServiceAnswer } from './exchange'

/** The person, as the service knows them. Texts are trimmed; an empty one means that nothing was said. */
export interface ExternalIdentity {
  readonly id: string
  readonly email: string
  readonly fullName: string
  /** The canonical name, which may differ from what was typed. */
  readonly username: string
}

/** `text` is for the log and the audit trail. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly identity: ExternalIdentity }
  /** The service looked at name and password and said no. */
  | { readonly kind: 'rejected'; readonly text: string }
  /** There was an answer, but none about the password. */
  | { readonly kind: 'unusable'; readonly text: string }
  /** There was no answer. */
  | { readonly kind: 'unavailable'; readonly text: string; readonly retryAfterSeconds: number }

const REJECTED = 'authentication API rejected credentials'

export function readVerdict(answer: ServiceAnswer): Verdict {
  const { status, body } = answer
  if (status >= 300 && status < 400) return invalid(`HTTP ${status}, and redirects are not followed`)
  if (status < 200 || status >= 300) return { kind: 'rejected', text: `${REJECTED}: HTTP ${status}` }
  if (!isJson(answer.contentType)) return invalid('Content-Type is not JSON')
  if (body === undefined) return invalid('longer than 64 KiB, or cut off')
  const members = parseObject(body)
  if (!members) return invalid('not a JSON object')

  const { success, user_id, email, full_name, username } = members
  if (success === false || success === undefined || success === null) return { kind: 'rejected', text: REJECTED }
  if (success !== true) return invalid('success is not a boolean')
  const id = idOf(user_id)
  if (id === undefined) return invalid('user_id is neither a string nor an integer')
  if (id === '') return invalid('external API returned success=true but missing user_id')
  if (id.length > LONGEST_TEXT || !isStorable(id)) return invalid('user_id is too long or has control characters')
  for (const [name, value] of Object.entries({ email, full_name })) {
    if (value !== undefined && value !== null && typeof value !== 'string') return invalid(`${name} is not a string`)
  }
  return {
    kind: 'accepted',
    identity: { id, email: textOf(email), fullName: textOf(full_name), username: textOf(username) },
  }
}

const LONGEST_TEXT = 255

const invalid = (detail: string): Verdict => ({
  kind: 'unusable',
  text: `invalid response from authentication API: ${detail}`,
})

const isJson = (contentType: string): boolean =>
  /^application\/([\w.+-]+\+)?json$/i.test(contentType.split(';', 1)[0]?.trim() ?? '')

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** An empty text when there is none. Integers beyond 2^53 have lost digits: two people could share what is left. */
function idOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.trim()
  return Number.isSafeInteger(value) ? String(value) : undefined
}

/** Control characters and halves of characters can be stored nowhere; what has them counts as not said. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  return text.length <= LONGEST_TEXT && isStorable(text) ? text : ''
}

export const isStorable = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text)
