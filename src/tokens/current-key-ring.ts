/** The key ring in use, which a reload exchanges as a whole while requests are served. */
import type { KeyRing } from './keys'

export interface CurrentKeyRing extends KeyRing {
  /** The ring itself: another object after every exchange. */
  readonly ring: KeyRing
  /** From now on every member is that of `next`. */
  replace(next: KeyRing): void
}

export function createCurrentKeyRing(first: KeyRing): CurrentKeyRing {
  let ring = first
  return {
    get ring() {
      return ring
    },
    get alg() {
      return ring.alg
    },
    get active() {
      return ring.active
    },
    get verifyKeys() {
      return ring.verifyKeys
    },
    get knownHeaders() {
      return ring.knownHeaders
    },
    get jwks() {
      return ring.jwks
    },
    get published() {
      return ring.published
    },
    get notices() {
      return ring.notices
    },
    replace: (next) => {
      ring = next
    },
  }
}
