/** Authenticates seals under a key that is derived from a server secret and is not in the database. */
import type { Context } from '../../context'
import type { Seal } from './records'

type Keys = Pick<Context, 'secrets'>

export const currentKeyId = ({ secrets }: Keys): string => keyIdOf(secrets.auditSeal.digest('key id'))
const keyIdOf = (digest: string): string => digest.slice(0, 16)

const sealText = (chain: string): string => `seal\n${chain}`
const removalText = (chain: string, removedAt: Date): string => `removal\n${chain}\n${removedAt.getTime()}`

export const sealMac = ({ secrets }: Keys, chain: string): string => secrets.auditSeal.digest(sealText(chain))
export const removalMac = ({ secrets }: Keys, chain: string, removedAt: Date): string =>
  secrets.auditSeal.digest(removalText(chain, removedAt))

/** Whether a server with one of our secrets made this seal. */
export const isAuthentic = ({ secrets }: Keys, { chain, mac }: Pick<Seal, 'chain' | 'mac'>): boolean =>
  secrets.auditSeal.matches(sealText(chain), mac)

/** Whether a server with one of our secrets deleted its records. */
export const isRemovalAuthentic = ({ secrets }: Keys, { chain, removedAt, removalMac: mac }: Seal): boolean =>
  removedAt !== null && mac !== null && secrets.auditSeal.matches(removalText(chain, removedAt), mac)

/** Whether the secret that made this seal is one of ours at all. */
export const isKnownKey = ({ secrets }: Keys, { keyId }: Pick<Seal, 'keyId'>): boolean =>
  secrets.auditSeal.candidates('key id').map(keyIdOf).includes(keyId)
