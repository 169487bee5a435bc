/** User codes: what a person reads on the device and types into the browser (RFC 8628 §6.1). */
import type { Random, RequestContext } from '../../context'

declare const wellFormed: unique symbol

/** Eight characters of the alphabet, without the dash. Only this module makes one. */
export type UserCode = string & { readonly [wellFormed]: true }

/** Letters and digits that cannot be taken for one another: no 0 O, 1 I L. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
const LENGTH = 8
const CODE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** Bytes from here on are skipped: the alphabet does not divide 256, and the rest would favour its beginning. */
const UNBIASED = 256 - (256 % ALPHABET.length)

/** 31⁸ equally likely codes. */
export function generateUserCode(random: Random): UserCode {
  let code = ''
  while (code.length < LENGTH) {
    for (const byte of random.bytes(LENGTH)) {
      if (byte < UNBIASED && code.length < LENGTH) code += ALPHABET[byte % ALPHABET.length]
    }
  }
  return code as UserCode
}

/** The code somebody typed, in any case and with any blanks and dashes; undefined when it cannot be one. */
export function readUserCode(typed: string): UserCode | undefined {
  const code = typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
  return CODE.test(code) ? (code as UserCode) : undefined
}

/** `XXXX-XXXX`, as it is shown. */
export const formatUserCode = (code: UserCode): string => `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`

/** The stored form: without the key, 40 bits would be found out from a stolen database at once. */
export const digestUserCode = ({ secrets }: Pick<RequestContext, 'secrets'>, code: UserCode): string =>
  secrets.userCode.digest(code)
