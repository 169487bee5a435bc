import { expect, test } from 'bun:test'
import { isCodeChallenge, verifyCodeVerifier } from '../../src/oauth/pkce'

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

test('PKCE: the vector of RFC 7636 appendix B verifies', () => {
  expect(verifyCodeVerifier(verifier, challenge)).toBe(true)
})

test.each([
  ['another verifier', `${verifier.slice(0, -1)}A`, challenge],
  ['an empty verifier', '', challenge],
  ['a verifier that is too short', verifier.slice(1), challenge],
  ['a verifier that is too long', 'a'.repeat(129), challenge],
  ['a character outside the alphabet', `${verifier.slice(0, -1)}+`, challenge],
  ['an empty challenge', verifier, ''],
  ['the plain method', verifier, verifier],
])('PKCE: %s is refused [SEC]', (_what, given, stored) => {
  expect(verifyCodeVerifier(given, stored)).toBe(false)
})

test('PKCE: a challenge is 43 base64url characters', () => {
  expect(isCodeChallenge(challenge)).toBe(true)
  expect(isCodeChallenge(`${challenge}=`)).toBe(false)
  expect(isCodeChallenge('')).toBe(false)
})
