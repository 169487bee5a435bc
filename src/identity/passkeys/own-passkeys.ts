/** A person's own passkeys: making, naming and deleting them. The caller sees to it that the sign-in is recent. */
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { Conflict, commit, Duplicate } from '../../db/commit'
import { canSignIn } from '../can-sign-in'
import { listConnections } from '../linking/records'
import { type Added, addFactor, mayRemove, removeFactor } from '../second-factor/own-factors'
import { addFlash, type BrowserSession } from '../sessions'
import type { User } from '../users'
import { methodsOf } from './assert'
import { newChallenge, takeChallenge } from './challenges'
import { creationOptions } from './options'
import { countPasskeys, deletePasskey, insertPasskey, listPasskeys, type Passkey, renamePasskey } from './records'
import { relyingParty } from './relying-party'
import { readClientData, readRegistration } from './responses'
import { verifyRegistration } from './verify'

export const MOST_PASSKEYS = 10
export const LONGEST_NAME = 64
const HANDLE_BYTES = 32

/** Whose password is checked elsewhere is let in there, and by nothing kept here. */
export const mayHavePasskeys = (ctx: Pick<RequestContext, 'settings'>, { authSource }: Pick<User, 'authSource'>) =>
  authSource === 'local' && relyingParty(ctx.settings) !== undefined

export type Begun =
  | { readonly kind: 'begun'; readonly options: ReturnType<typeof creationOptions> }
  | { readonly kind: 'not_offered' | 'too_many' }

/** Throws `DatabaseUnavailable`. */
export async function beginRegistration(ctx: RequestContext, session: BrowserSession): Promise<Begun> {
  const { user } = session
  const party = relyingParty(ctx.settings)
  if (!party || !mayHavePasskeys(ctx, user)) return { kind: 'not_offered' }
  const existing = await listPasskeys(ctx, user.id)
  if (existing.length >= MOST_PASSKEYS) return { kind: 'too_many' }
  const userHandle = existing[0]?.userHandle ?? Buffer.from(ctx.random.bytes(HANDLE_BYTES)).toString('base64url')
  const challenge = await newChallenge(ctx, 'passkey_new', session, { userHandle })
  const displayName = user.fullName || user.username
  const subject = { challenge, userHandle, username: user.username, displayName, existing }
  return { kind: 'begun', options: creationOptions(party, subject) }
}

export type RegistrationProblem = 'not_offered' | 'not_verified' | 'too_many' | 'known_already' | 'changed'
export type Registered =
  | ({ readonly kind: 'added' } & Added)
  | { readonly kind: 'refused'; readonly problem: RegistrationProblem }

interface Registration {
  /** JSON as the script sends it. */
  readonly credential: string
  readonly name: string
  /** Where to go afterwards. */
  readonly next: string
}

const refused = (problem: RegistrationProblem): Registered => ({ kind: 'refused', problem })

/** Uses the challenge up. Throws `DatabaseUnavailable`. */
export async function finishRegistration(
  ctx: RequestContext,
  session: BrowserSession,
  { credential, name, next }: Registration,
): Promise<Registered> {
  const { user } = session
  const party = relyingParty(ctx.settings)
  if (!party || !mayHavePasskeys(ctx, user)) return refused('not_offered')
  const response = readRegistration(credential)
  const clientData = response && readClientData(response.response.clientDataJSON)
  if (!response || !clientData || clientData.framed) return refused('not_verified')
  const { challenge } = clientData
  const noted = await takeChallenge(ctx, 'passkey_new', session, challenge)
  if (typeof noted?.userHandle !== 'string') return refused('not_verified')
  const made = await verifyRegistration(response, { party, challenge })
  if (!made) return refused('not_verified')
  const existing = await listPasskeys(ctx, user.id)
  if (existing.length >= MOST_PASSKEYS) return refused('too_many')

  const passkey: Passkey = {
    ...made,
    id: ctx.random.uuid(),
    userId: user.id,
    userHandle: noted.userHandle,
    name,
    createdAt: now(ctx),
    lastUsedAt: null,
  }
  try {
    const passkeyCount = existing.length + 1
    const added = await addFactor(ctx, session, {
      factor: 'passkey',
      changed: { ...user, passkeyCount, version: user.version + 1 },
      claim: countPasskeys(ctx, user, passkeyCount),
      alongside: [insertPasskey(passkey)],
      amr: methodsOf(passkey),
      next,
      details: described(passkey),
    })
    return { kind: 'added', ...added }
  } catch (error) {
    if (error instanceof Duplicate) return refused('known_already')
    if (error instanceof Conflict) return refused('changed')
    throw error
  }
}

/** False when there is none of this user's with that id. Throws `DatabaseUnavailable`. */
export async function renameOwnPasskey(
  ctx: RequestContext,
  session: BrowserSession,
  { id, name, message }: { readonly id: string; readonly name: string; readonly message: string },
): Promise<boolean> {
  const { user } = session
  const passkey = await ownPasskey(ctx, session, id)
  if (!passkey) return false
  const recorded = audit(ctx, {
    event: 'PASSKEY_RENAMED',
    action: 'Passkey renamed',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { ...described(passkey), name, former_name: passkey.name },
  })
  try {
    await commit(ctx, [renamePasskey(passkey, name), addFlash(session, message), ...recorded])
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}

export type Deletion = 'removed' | 'none' | 'required' | 'last_method'

/** Throws `Conflict` when the account was changed meanwhile, and `DatabaseUnavailable`. */
export async function deleteOwnPasskey(ctx: RequestContext, session: BrowserSession, id: string): Promise<Deletion> {
  const { user } = session
  const [passkeys, connections] = await Promise.all([listPasskeys(ctx, user.id), listConnections(ctx, user.id)])
  const passkey = passkeys.find((each) => each.id === id)
  if (!passkey) return 'none'
  const passkeyCount = passkeys.length - 1
  const changed = { ...user, passkeyCount }
  if (!canSignIn(ctx, changed, connections)) return 'last_method'
  if (!mayRemove(ctx, changed)) return 'required'
  const claim = countPasskeys(ctx, user, passkeyCount)
  const details = described(passkey)
  await removeFactor(ctx, session, { factor: 'passkey', changed, claim, alongside: [deletePasskey(passkey)], details })
  return 'removed'
}

const described = ({ id, name, aaguid }: Passkey) => ({ passkey: id, name, aaguid })

const ownPasskey = async (ctx: RequestContext, session: BrowserSession, id: string): Promise<Passkey | undefined> =>
  (await listPasskeys(ctx, session.user.id)).find((each) => each.id === id)
