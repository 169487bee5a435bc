/**
 * What a client may say about itself: rules for names, addresses, grants and scopes, the same whoever registers it.
 *
 * Each rule gives what is wrong in words that follow the name of the field, or `undefined`.
 */
import { type RedirectUriFault, redirectUriFault, redirectUriProblem } from '../oauth/redirect-uri'
import type { Client } from './clients'

type ClientType = Client['clientType']

const LONGEST_NAME = 100
const LONGEST_URI_BYTES = 2000
export const MOST_REDIRECT_URIS = 50

/**
 * Control, bidirectional, zero-width, unassigned and blank characters: with them one name looks like another, or like
 * none, to the person who is asked to trust it.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
const CONTROL_OR_SPACE = /[\u0000-\u0020\u007f-\u009f\\]/

/** A name as it is stored: without outer blanks, composed (NFC), so that equal looks are equal texts. */
export const normaliseName = (name: string): string => name.trim().normalize('NFC')

export type NameFault = 'required' | 'invisible' | 'long'

/** Of a normalised name. */
export function nameFault(name: string): NameFault | undefined {
  if (name === '') return 'required'
  if (INVISIBLE.test(name)) return 'invisible'
  return name.length > 2 * LONGEST_NAME || [...name].length > LONGEST_NAME ? 'long' : undefined
}

const NAME_FAULTS: Readonly<Record<NameFault, string>> = {
  required: 'is required',
  invisible: 'must not contain control, bidirectional or invisible characters',
  long: `must be at most ${LONGEST_NAME} characters`,
}

/** `nameFault` in words. */
export function nameProblem(name: string): string | undefined {
  const fault = nameFault(name)
  return fault && NAME_FAULTS[fault]
}

/** Of the address of an application's home page, which is shown as a link. Empty means none. */
export function clientUriProblem(uri: string): string | undefined {
  if (uri === '') return undefined
  if (Buffer.byteLength(uri) > LONGEST_URI_BYTES) return `must be at most ${LONGEST_URI_BYTES} bytes`
  // The URL parser would repair what a browser then shows differently.
  if (CONTROL_OR_SPACE.test(uri) || !/^https?:\/\/[^/]/i.test(uri) || !URL.canParse(uri))
    return 'must be an http or https URL'
  const { username, password } = new URL(uri)
  return username === '' && password === '' ? undefined : 'must not contain user information'
}

/** Of the address at which a client is told of logouts (Back-Channel Logout §2.2). Empty means none. */
export const backchannelLogoutUriProblem = (uri: string): string | undefined =>
  uri === '' ? undefined : redirectUriProblem(uri, 'confidential')

/** Of all redirect URIs of a client, whether or not its grants use them; also of those it uses after a logout. */
export function redirectUrisProblem(uris: readonly string[], clientType: ClientType): string | undefined {
  if (uris.length > MOST_REDIRECT_URIS) return `more than ${MOST_REDIRECT_URIS} URIs`
  for (const uri of uris) {
    const problem = redirectUriProblem(uri, clientType)
    if (problem) return problem
  }
  return undefined
}

/** The first of the URIs that cannot be registered. */
export function badRedirectUri(
  uris: readonly string[],
  clientType: ClientType,
): { readonly uri: string; readonly fault: RedirectUriFault } | undefined {
  for (const uri of uris) {
    const fault = redirectUriFault(uri, clientType)
    if (fault) return { uri, fault }
  }
  return undefined
}

/** The switches of a client: which grants it may begin. */
export type GrantFlags = Pick<Client, 'enableDeviceFlow' | 'enableAuthCodeFlow' | 'enableClientCredentialsFlow'>

export type GrantsFault = 'none' | 'secret' | 'uris'

/** Of the switches, together with what they need. */
export function grantsFault(
  client: GrantFlags & Pick<Client, 'clientType'> & { readonly redirectUris: readonly string[] },
): GrantsFault | undefined {
  const { enableDeviceFlow, enableAuthCodeFlow, enableClientCredentialsFlow } = client
  if (!enableDeviceFlow && !enableAuthCodeFlow && !enableClientCredentialsFlow) return 'none'
  if (enableClientCredentialsFlow && client.clientType !== 'confidential') return 'secret'
  return enableAuthCodeFlow && client.redirectUris.length === 0 ? 'uris' : undefined
}

const GRANTS_FAULTS: Readonly<Record<GrantsFault, string>> = {
  none: 'at least one grant type must be enabled',
  secret: 'client credentials flow requires a confidential client',
  uris: 'at least one redirect URI is required when Authorization Code Flow is enabled',
}

/** `grantsFault` as a sentence. */
export function grantsProblem(client: Parameters<typeof grantsFault>[0]): string | undefined {
  const fault = grantsFault(client)
  return fault && GRANTS_FAULTS[fault]
}

/** The switches as they are stored beside them, for people who read the table. */
export const grantTypesText = (flags: GrantFlags): string =>
  [
    flags.enableDeviceFlow && 'device_code',
    flags.enableAuthCodeFlow && 'authorization_code',
    flags.enableClientCredentialsFlow && 'client_credentials',
  ]
    .filter(Boolean)
    .join(' ')

/** What anybody may give a client; other scopes are an administrator's to give. */
export const OPEN_SCOPES: readonly string[] = ['email', 'profile', 'openid', 'offline_access']

/** Of a client that names none. */
export const DEFAULT_SCOPES: readonly string[] = ['email', 'profile']

/** The first of the names that only an administrator may give a client. */
export const reservedScope = (names: readonly string[]): string | undefined =>
  names.find((name) => !OPEN_SCOPES.includes(name))
