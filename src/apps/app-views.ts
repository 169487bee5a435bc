/** From records to what the pages of applications show. */
import type { AppView } from '../../views/pages/app'
import type { AppGrantView, MachineTokenView } from '../../views/pages/app-tokens'
import type { AppRowView } from '../../views/pages/apps'
import type { ClientGrant, MachineTokenRow } from '../clients/client-grants'
import type { Client } from '../clients/clients'
import { hasOverlap } from '../clients/regenerate-secret'
import type { RequestContext } from '../context'
import type { BrowserSession } from '../identity/sessions'
import { shownName } from '../oauth/client-view'
import { scopeNames } from '../oauth/scope'

const nameOf = ({ clientName, clientId }: Client): string => shownName(clientName) || clientId

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

export const appRowView = (client: Client): AppRowView => ({
  id: client.clientId,
  name: nameOf(client),
  description: client.description,
  grants: words(client.grantTypes),
  status: client.status,
  createdAt: client.createdAt,
})

export const appView = (ctx: RequestContext, client: Client): AppView => ({
  id: client.clientId,
  version: client.version,
  name: nameOf(client),
  description: client.description,
  uri: client.clientUri,
  status: client.status,
  isPublic: client.clientType === 'public',
  hasSecret: client.clientSecret !== null,
  previousUntil: hasOverlap(ctx, client) ? (client.previousSecretExpiresAt ?? undefined) : undefined,
  grants: words(client.grantTypes),
  scopes: scopeNames(client.scopes),
  redirectUris: client.redirectUris,
  postLogoutRedirectUris: client.postLogoutRedirectUris,
  backchannelLogoutUri: client.backchannelLogoutUri,
  project: client.project,
  serviceAccount: client.serviceAccount,
  createdAt: client.createdAt,
  updatedAt: client.updatedAt,
})

/** The owner learns of a user what the application may learn: a name only with the scope for it. */
export function grantView({ grant, username }: ClientGrant, { user }: BrowserSession): AppGrantView {
  const scopes = scopeNames(grant.scopes)
  const own = grant.userId === user.id
  return {
    id: grant.id,
    who: own || scopes.includes('profile') ? username : undefined,
    own,
    grant: grant.grantType,
    scopes,
    createdAt: grant.createdAt,
    lastUsedAt: grant.lastUsedAt ?? undefined,
    expiresAt: grant.expiresAt,
  }
}

export const machineTokenView = ({ id, scopes, createdAt, expiresAt }: MachineTokenRow): MachineTokenView => ({
  ...{ id, createdAt, expiresAt },
  scopes: scopeNames(scopes),
})
