/** A client as it is typed into a form: texts and ticks, whatever they are worth. */
import type { ClientFields } from './fields'
import { DEFAULT_SCOPES } from './metadata'

export interface ClientInput {
  readonly clientName: string
  readonly description: string
  readonly clientUri: string
  /** `public`; everything else means confidential. */
  readonly clientType: string
  readonly enableDeviceFlow: boolean
  readonly enableAuthCodeFlow: boolean
  readonly enableClientCredentialsFlow: boolean
  /** Separated by blanks. */
  readonly scopes: string
  /** Separated by commas or line ends, like those below. */
  readonly redirectUris: string
  readonly postLogoutRedirectUris: string
  readonly backchannelLogoutUri: string
  readonly project: string
  readonly serviceAccount: string
  /** For administrators only, as the next one. */
  readonly tokenProfile: string
  readonly allowIntrospection: boolean
}

/** Of a new application. */
export const EMPTY_INPUT: ClientInput = {
  clientName: '',
  description: '',
  clientUri: '',
  clientType: 'public',
  enableDeviceFlow: true,
  enableAuthCodeFlow: false,
  enableClientCredentialsFlow: false,
  scopes: DEFAULT_SCOPES.join(' '),
  redirectUris: '',
  postLogoutRedirectUris: '',
  backchannelLogoutUri: '',
  project: '',
  serviceAccount: '',
  tokenProfile: 'standard',
  allowIntrospection: false,
}

/** What a form shows of a stored client. */
export const inputOf = (client: ClientFields): ClientInput => ({
  ...client,
  redirectUris: client.redirectUris.join('\n'),
  postLogoutRedirectUris: client.postLogoutRedirectUris.join('\n'),
})

/** The fields of a client form by their names. */
export type ClientForm = Readonly<Partial<Record<string, string>>>

/**
 * What a form says. Fields added to it over time may be missing (`before` holds their values then): a form that knows
 * nothing of them changes nothing about them.
 */
export const readInput = (form: ClientForm, before: ClientInput = EMPTY_INPUT): ClientInput => ({
  clientName: form.client_name ?? '',
  description: form.description ?? '',
  clientType: form.client_type ?? '',
  enableDeviceFlow: form.enable_device_flow === 'true',
  enableAuthCodeFlow: form.enable_auth_code_flow === 'true',
  enableClientCredentialsFlow: form.enable_client_credentials_flow === 'true',
  scopes: form.scopes ?? '',
  redirectUris: form.redirect_uris ?? '',
  project: form.project ?? '',
  serviceAccount: form.service_account ?? '',
  tokenProfile: form.token_profile ?? '',
  clientUri: form.client_uri ?? before.clientUri,
  postLogoutRedirectUris: form.post_logout_redirect_uris ?? before.postLogoutRedirectUris,
  backchannelLogoutUri: form.backchannel_logout_uri ?? before.backchannelLogoutUri,
  // A tick that is not there is a tick taken away; a form that has it says so by a hidden field.
  allowIntrospection:
    form.has_allow_introspection === 'true' ? form.allow_introspection === 'true' : before.allowIntrospection,
})
