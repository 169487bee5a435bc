/** One-time codes from an authenticator app: TOTP (RFC 6238) over HMAC-SHA-1, six digits, steps of 30 seconds. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from '../../context'

const SECRET_BYTES = 20
const STEP_MS = 30_000
const DIGITS = 6
/** Clocks of phones differ: one step to either side (RFC 6238 §5.2). */
const DRIFT_STEPS = 1
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** 160 random bits (RFC 4226 §4), as base32 without padding: what apps take. */
export function newTotpSecret({ random }: Pick<Context, 'random'>): string {
  let bits = ''
  for (const byte of random.bytes(SECRET_BYTES)) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('')
}

function secretBytes(secret: string): Buffer {
  let bits = ''
  for (const character of secret) bits += ALPHABET.indexOf(character).toString(2).padStart(5, '0')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** The number of the time step. */
export const stepAt = (nowMs: number): number => Math.floor(nowMs / STEP_MS)

/** RFC 4226 §5.3. */
export function codeOf(secret: string, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', secretBytes(secret)).update(counter).digest()
  const at = digest.readUInt8(digest.length - 1) & 0xf
  const number = digest.readUInt32BE(at) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** The step a code belongs to, if it is one that may still be used; every candidate is compared, whichever matches. */
export function stepOf(secret: string, code: string, nowMs: number, lastStep: number | null): number | undefined {
  if (!/^[0-9]{6}$/.test(code)) return undefined
  const current = stepAt(nowMs)
  let found: number | undefined
  for (let step = current - DRIFT_STEPS; step <= current + DRIFT_STEPS; step += 1) {
    const same = timingSafeEqual(Buffer.from(codeOf(secret, step)), Buffer.from(code))
    if (same && step > (lastStep ?? -1)) found = step
  }
  return found
}

/** What apps read from the QR code. */
export function otpauthAddress(secret: string, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`
}
