/** The client information response (RFC 7591 §3.2.1, RFC 7592 §3). */
import { t } from 'elysia'
import type { Client } from '../../clients/clients'
import type { RegisteredFields } from '../../clients/registrations'
import type { Context } from '../../context'
import { wholeNumber } from '../../edge/whole-number'
import { deviceCode } from '../grants/device-code'

const metadata = {
  client_name: t.String(),
  redirect_uris: t.Array(t.String()),
  grant_types: t.Array(t.String()),
  response_types: t.Array(t.String()),
  token_endpoint_auth_method: t.String(),
  scope: t.String(),
  client_uri: t.Optional(t.String()),
  post_logout_redirect_uris: t.Optional(t.Array(t.String())),
  backchannel_logout_uri: t.Optional(t.String()),
  backchannel_logout_session_required: t.Optional(t.Boolean({ description: 'Logout tokens always have a sid.' })),
}

export const ClientInformation = t.Object({
  client_id: t.String(),
  client_secret: t.Optional(t.String({ description: 'Of a confidential client, once, when it is registered.' })),
  ...metadata,
  application_type: t.Optional(t.String()),
  client_id_issued_at: wholeNumber({ description: 'Seconds since the epoch.' }),
  client_secret_expires_at: t.Optional(wholeNumber({ description: '0: it does not expire.' })),
  registration_client_uri: t.String(),
  registration_access_token: t.String(),
  pending_changes: t.Optional(t.Partial(t.Object(metadata))),
})

export type ClientInformation = typeof ClientInformation.static

interface Told {
  /** The token the client presented or was just given; only its hash is stored. */
  readonly registrationToken: string
  /** Only when it was just made. */
  readonly secret?: string
  /** Said about itself and not stored. */
  readonly applicationType?: string
  /** What waits for review. */
  readonly proposed?: Partial<RegisteredFields>
}

export function clientInformation(
  { settings }: Pick<Context, 'settings'>,
  client: Client,
  told: Told,
): ClientInformation {
  return {
    client_id: client.clientId,
    ...(told.secret !== undefined && { client_secret: told.secret }),
    ...metadataOf(client),
    ...(told.applicationType !== undefined && { application_type: told.applicationType }),
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    ...(client.clientType === 'confidential' && { client_secret_expires_at: 0 }),
    registration_client_uri: `${settings.issuer}/oauth/register/${client.clientId}`,
    registration_access_token: told.registrationToken,
    ...(told.proposed && { pending_changes: changedMetadata(client, told.proposed) }),
  }
}

function metadataOf(client: RegisteredFields) {
  return {
    client_name: client.clientName,
    redirect_uris: client.redirectUris,
    grant_types: [
      ...(client.enableDeviceFlow ? [deviceCode.grantType] : []),
      ...(client.enableAuthCodeFlow ? ['authorization_code'] : []),
      ...(client.grantTypes.split(' ').includes('refresh_token') ? ['refresh_token'] : []),
    ],
    response_types: client.enableAuthCodeFlow ? ['code'] : [],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod ?? 'client_secret_basic',
    scope: client.scopes,
    ...(client.clientUri !== '' && { client_uri: client.clientUri }),
    ...(client.postLogoutRedirectUris.length > 0 && { post_logout_redirect_uris: client.postLogoutRedirectUris }),
    ...(client.backchannelLogoutUri !== '' && {
      backchannel_logout_uri: client.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  }
}

/** What it means that one of these members is left out. */
const ABSENT: Readonly<Record<string, unknown>> = {
  client_uri: '',
  post_logout_redirect_uris: [],
  backchannel_logout_uri: '',
}

/** The members of the metadata a proposal changes, with the values it wants. */
export function changedMetadata(live: RegisteredFields, proposed: Partial<RegisteredFields>) {
  const before: Record<string, unknown> = metadataOf(live)
  const wanted = Object.entries({ ...ABSENT, ...metadataOf({ ...live, ...proposed }) })
  const changed = wanted.filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name] ?? ABSENT[name]),
  )
  return Object.fromEntries(changed)
}
