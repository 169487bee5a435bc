/** Proof Key for Code Exchange, method S256 only (RFC 7636, RFC 9700 §2.1.1). */
import { createHash, timingSafeEqual } from 'node:crypto'

/** A SHA-256 digest in base64url without padding. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

export const isCodeChallenge = (challenge: string): boolean => CHALLENGE.test(challenge)

/** Whether `verifier` is the one `challenge` was made from (RFC 7636 §4.6). Constant time in the verifier. */
export function verifyCodeVerifier(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier) || !CHALLENGE.test(challenge)) return false
  const computed = createHash('sha256').update(verifier).digest('base64url')
  return timingSafeEqual(Buffer.from(computed), Buffer.from(challenge))
}
