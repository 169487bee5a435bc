/** What browsers are asked for: the members of W3C Web Authentication §5.4 and §5.5 as JSON. */
import { CHALLENGE_LIFE_MS } from './challenges'
import type { Passkey } from './records'
import type { RelyingParty } from './relying-party'
import { ALGORITHMS } from './verify'

type Described = Pick<Passkey, 'credentialId' | 'transports'>

const descriptor = ({ credentialId, transports }: Described) => ({ type: 'public-key', id: credentialId, transports })

export interface CreationSubject {
  readonly challenge: string
  readonly userHandle: string
  readonly username: string
  readonly displayName: string
  /** An authenticator that has one of these makes no second. */
  readonly existing: readonly Described[]
}

export const creationOptions = (party: RelyingParty, subject: CreationSubject) => ({
  rp: { id: party.id, name: party.name },
  user: { id: subject.userHandle, name: subject.username, displayName: subject.displayName },
  challenge: subject.challenge,
  pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
  timeout: CHALLENGE_LIFE_MS,
  excludeCredentials: subject.existing.map(descriptor),
  // To be found without a name, and opened by its owner only.
  authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  attestation: 'none',
})

/** Without `allowed`, the person chooses among the passkeys they have for this server. */
export const requestOptions = (party: RelyingParty, challenge: string, allowed: readonly Described[] = []) => ({
  rpId: party.id,
  challenge,
  timeout: CHALLENGE_LIFE_MS,
  allowCredentials: allowed.map(descriptor),
  userVerification: 'required',
})
