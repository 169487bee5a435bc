/** What people may change about a client, as it is stored. */
import { param } from '../db/definitions'
import type { Client } from './clients'

export type ClientFields = Pick<
  Client,
  | 'clientName'
  | 'description'
  | 'clientUri'
  | 'clientType'
  | 'tokenEndpointAuthMethod'
  | 'enableDeviceFlow'
  | 'enableAuthCodeFlow'
  | 'enableClientCredentialsFlow'
  | 'grantTypes'
  | 'scopes'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'backchannelLogoutUri'
  | 'project'
  | 'serviceAccount'
  | 'tokenProfile'
  | 'allowIntrospection'
>

const field = <Name extends keyof Client>(name: Name) => param<Client[Name]>(name)

/** A parameter for every one of them, for `set` of an update. */
export const fieldParameters = () => ({
  clientName: field('clientName'),
  description: field('description'),
  clientUri: field('clientUri'),
  clientType: field('clientType'),
  tokenEndpointAuthMethod: field('tokenEndpointAuthMethod'),
  enableDeviceFlow: field('enableDeviceFlow'),
  enableAuthCodeFlow: field('enableAuthCodeFlow'),
  enableClientCredentialsFlow: field('enableClientCredentialsFlow'),
  grantTypes: field('grantTypes'),
  scopes: field('scopes'),
  redirectUris: field('redirectUris'),
  postLogoutRedirectUris: field('postLogoutRedirectUris'),
  backchannelLogoutUri: field('backchannelLogoutUri'),
  project: field('project'),
  serviceAccount: field('serviceAccount'),
  tokenProfile: field('tokenProfile'),
  allowIntrospection: field('allowIntrospection'),
})

/** The secrets a client of that type keeps: a public one has none. */
export const secretsFor = (
  client: Client,
  clientType: Client['clientType'],
): Pick<Client, 'clientSecret' | 'previousClientSecret' | 'previousSecretExpiresAt'> => {
  if (clientType === 'public') return { clientSecret: null, previousClientSecret: null, previousSecretExpiresAt: null }
  const { clientSecret, previousClientSecret, previousSecretExpiresAt } = client
  return { clientSecret, previousClientSecret, previousSecretExpiresAt }
}

export const secretParameters = () => ({
  clientSecret: field('clientSecret'),
  previousClientSecret: field('previousClientSecret'),
  previousSecretExpiresAt: field('previousSecretExpiresAt'),
})

export type ClientChanges = Partial<ClientFields>

/** Those of the fields that are not what the client has. */
export function differences(client: ClientFields, fields: ClientChanges): ClientChanges {
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(client[name as keyof ClientFields])
  return Object.fromEntries(Object.entries(fields).filter(differs))
}

/** `redirectUris` → `redirect_uris`: as forms, answers and the audit trail name it. */
const outerName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Old and new values for the audit trail. */
export const changeDetails = (client: ClientFields, changes: ClientChanges): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [
      outerName(name),
      { from: client[name as keyof ClientFields], to: value },
    ]),
  )
