/** Whether an account is of any use to its owner. */
import type { Context } from '../context'
import type { Connection } from './linking/records'
import { relyingParty } from './passkeys/relying-party'
import type { User } from './users'

type Owner = Pick<User, 'authSource' | 'passwordHash' | 'passkeyCount'>

/** Whether a password, a passkey or one of the connections lets the user in. */
export function canSignIn(
  { settings, providers }: Pick<Context, 'settings' | 'providers'>,
  user: Owner,
  connections: readonly Connection[],
): boolean {
  const hasPassword = user.authSource === 'http_api' ? settings.AUTH_MODE === 'http_api' : user.passwordHash !== ''
  const hasPasskey = user.passkeyCount > 0 && user.authSource === 'local' && relyingParty(settings) !== undefined
  return (
    hasPassword ||
    hasPasskey ||
    connections.some(({ provider, issuer }) => providers.find(provider)?.isIssuer(issuer) === true)
  )
}
