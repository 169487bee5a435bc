/** A passkey as the second factor of somebody who is known already: after the password, or to confirm who they are. */
import type { RequestContext } from '../../context'
import type { Owner } from '../../oauth/pending-requests'
import type { ShownFactor } from '../second-factor/verify'
import type { BrowserSession } from '../sessions'
import { userUnchanged } from '../users'
import { type PasskeyRefusal, verifyPasskey } from './assert'
import { newChallenge } from './challenges'
import { requestOptions } from './options'
import { listPasskeys } from './records'
import { relyingParty } from './relying-party'

/** Of this row: the next one of the same browser has challenges of its own. */
const ownerOf = ({ idHash, user }: BrowserSession): Owner => ({ sid: idHash, user })

/** Whether there is one to ask for. */
export const hasUsablePasskey = ({ settings }: Pick<RequestContext, 'settings'>, { user }: BrowserSession): boolean =>
  user.passkeyCount > 0 && relyingParty(settings) !== undefined

/** Undefined when the person has no passkey. Throws `DatabaseUnavailable`. */
export async function askForPasskey(
  ctx: RequestContext,
  session: BrowserSession,
): Promise<ReturnType<typeof requestOptions> | undefined> {
  const party = relyingParty(ctx.settings)
  const passkeys = await listPasskeys(ctx, session.user.id)
  if (!party || passkeys.length === 0) return undefined
  return requestOptions(party, await newChallenge(ctx, 'passkey_factor', ownerOf(session)), passkeys)
}

/** `credential` is JSON as the script sends it. Throws `DatabaseUnavailable`. */
export async function showPasskey(
  ctx: RequestContext,
  session: BrowserSession,
  credential: string,
): Promise<ShownFactor | { readonly kind: 'wrong'; readonly reason: PasskeyRefusal }> {
  const { user } = session
  const asked = { kind: 'passkey_factor', owner: ownerOf(session), userId: user.id } as const
  const verified = await verifyPasskey(ctx, asked, credential)
  if (verified.kind === 'wrong') return verified
  const { amr, alongside } = verified
  return { kind: 'right', method: 'passkey', amr, claim: userUnchanged(user), alongside }
}
