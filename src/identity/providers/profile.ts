/** What is taken over of a profile, and in which form. */
import { hasInvisible, visibleText } from '../visible-text'
import { ProviderFailure } from './provider'

const LONGEST_NAME = 255
const LONGEST_EMAIL = 254
const LONGEST_URL = 2_048
const LONGEST_ID = 255

export const name = (value: unknown): string =>
  typeof value === 'string' ? visibleText(value).slice(0, LONGEST_NAME) : ''

/** The address, or an empty text for what is none. */
export function email(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  const isAddress = /^[^@\s]+@[^@\s]+$/.test(text) && text.isWellFormed() && !hasInvisible(text)
  return isAddress && text.length <= LONGEST_EMAIL ? text : ''
}

/** Throws `ProviderFailure`. */
export function requiredEmail(value: unknown): string {
  const address = email(value)
  if (address === '') throw new ProviderFailure('profile', 'no e-mail address')
  return address
}

/** The picture is shown to applications, so anything but a plain https address is left out. */
export function avatarUrl(value: unknown): string {
  if (typeof value !== 'string' || value.length > LONGEST_URL) return ''
  const url = URL.parse(value)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : ''
}

/**
 * The id of an account: a whole number from 1, or a text. A missing one must not become 0 or "undefined", which would be
 * one account for everybody; a number beyond 2^53 was rounded and may be somebody else's. Throws `ProviderFailure`.
 */
export function subject(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return String(value)
  const isText = typeof value === 'string' && value.length <= LONGEST_ID && value.isWellFormed() && !hasInvisible(value)
  if (isText && value.trim() === value && value !== '') return value
  throw new ProviderFailure('profile', 'no usable account id')
}
