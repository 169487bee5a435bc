/** What authenticators answer, checked as W3C Web Authentication §7 demands. */
import type { RelyingParty } from './relying-party'
import type { AssertionResponse, RegistrationResponse } from './responses'

/** COSE algorithms that are asked for, most wanted first: ES256, EdDSA, RS256 (all that security keys and systems use). */
export const ALGORITHMS = [-7, -8, -257] as const

/** Read when the first passkey is: few servers need it to start, and it takes a while. */
async function library() {
  // In the executable, parts of the library are evaluated before the polyfill that they need.
  await import('reflect-metadata')
  return await import('@simplewebauthn/server')
}

export interface NewCredential {
  /** base64url, as all bytes here. */
  readonly credentialId: string
  readonly publicKey: string
  readonly counter: number
  readonly transports: string[]
  readonly aaguid: string
  readonly backupEligible: boolean
  readonly backedUp: boolean
}

interface Expected {
  readonly party: RelyingParty
  readonly challenge: string
}

/** Undefined when it is not what was asked for (§7.1). */
export async function verifyRegistration(
  response: RegistrationResponse,
  { party, challenge }: Expected,
): Promise<NewCredential | undefined> {
  const { verifyRegistrationResponse } = await library()
  const asked = await orNothing(() => withoutStatement(response))
  if (!asked) return undefined
  const checked = await orNothing(() =>
    verifyRegistrationResponse({
      response: { ...asked, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    }),
  )
  if (!checked?.verified) return undefined
  const { credential, aaguid, credentialDeviceType, credentialBackedUp } = checked.registrationInfo
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: response.response.transports ?? [],
    aaguid,
    ...backup(credentialDeviceType, credentialBackedUp),
  }
}

const backup = (deviceType: 'singleDevice' | 'multiDevice', backedUp: boolean) => ({
  backupEligible: deviceType === 'multiDevice',
  backedUp,
})

/**
 * As attestation `none`, which was asked for (§8.7), whatever was sent. Nobody here decides by the maker of an
 * authenticator, and reading its certificates means to call the addresses in them: a stranger would choose what this
 * server fetches.
 */
async function withoutStatement(sent: RegistrationResponse): Promise<RegistrationResponse> {
  const { decodeAttestationObject, isoCBOR } = await import('@simplewebauthn/server/helpers')
  const object = Buffer.from(sent.response.attestationObject, 'base64url')
  const authData = decodeAttestationObject(new Uint8Array(object)).get('authData')
  const bare = isoCBOR.encode(
    new Map<string, string | Uint8Array | Map<string, string>>([
      ['fmt', 'none'],
      ['attStmt', new Map<string, string>()],
      ['authData', authData],
    ]),
  )
  return { ...sent, response: { ...sent.response, attestationObject: Buffer.from(bare).toString('base64url') } }
}

export type Assertion = Pick<NewCredential, 'counter' | 'backupEligible' | 'backedUp'>

/** Undefined when the key did not sign this challenge for this server with its owner verified (§7.2 but what is compared with the record). */
export async function verifyAssertion(
  response: AssertionResponse,
  { party, challenge, credentialId, publicKey }: Expected & Pick<NewCredential, 'credentialId' | 'publicKey'>,
): Promise<Assertion | undefined> {
  const { verifyAuthenticationResponse } = await library()
  const checked = await orNothing(() =>
    verifyAuthenticationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      // Counters are compared by the caller, and only those that the key has signed: a copied key is an alarm.
      credential: { id: credentialId, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    }),
  )
  if (!checked?.verified) return undefined
  const { newCounter, credentialDeviceType, credentialBackedUp } = checked.authenticationInfo
  return { counter: newCounter, ...backup(credentialDeviceType, credentialBackedUp) }
}

/** The library refuses by exceptions, which quote what was sent. */
async function orNothing<T>(check: () => Promise<T>): Promise<T | undefined> {
  try {
    return await check()
  } catch {
    return undefined
  }
}

/** §6.1.1: a counter that does not grow is a sign of two copies of the key. Authenticators without one stay at 0. */
export const counterGoesBack = (known: number, signed: number): boolean => (known > 0 || signed > 0) && signed <= known
