/** What an administrator may enter about a user, and in which form it is stored. */
import type { Tables } from '../db/tables'
import { hasInvisible, visibleText } from '../identity/visible-text'
import { UserRefused } from './refused'

export type Role = Tables['users']['$inferSelect']['role']

const LONGEST_USERNAME = 255
const LONGEST_EMAIL = 254
const LONGEST_NAME = 255

/** `John Doe!@#` becomes `johndoe`. Throws `UserRefused`. */
export function storedUsername(typed: string): string {
  const name = typed
    .trim()
    .replaceAll(/[^A-Za-z0-9_-]/g, '')
    .toLowerCase()
  if (name === '') throw new UserRefused('username_required')
  if (name.length > LONGEST_USERNAME) throw new UserRefused('username_long')
  return name
}

/** Trimmed. Throws `UserRefused`. */
export function requiredEmail(typed: string): string {
  const email = typed.trim()
  if (email === '') throw new UserRefused('email_required')
  return email
}

/** One `@` with something on both sides, nothing invisible or blank. Whether mail arrives there nobody knows. */
export function checkEmail(email: string): void {
  const plain = /^[^@\s]+@[^@\s]+$/.test(email) && !hasInvisible(email)
  if (!plain || email.length > LONGEST_EMAIL) throw new UserRefused('email_invalid')
}

/** Without control characters. Throws `UserRefused`. */
export function storedFullName(typed: string): string {
  const name = visibleText(typed)
  if (name.length > LONGEST_NAME) throw new UserRefused('name_long')
  return name
}

/** Throws `UserRefused`. */
export function requiredRole(typed: string): Role {
  if (typed === 'admin' || typed === 'user') return typed
  throw new UserRefused('role_invalid')
}
