/** The two records of a first start. */
import { type Context, now } from '../context'
import type { Tables } from '../db/tables'

type UserRow = Tables['users']['$inferSelect']
type ClientRow = Tables['oauthApplications']['$inferSelect']
type RowContext = Pick<Context, 'clock' | 'random'>

export function adminRow(
  ctx: RowContext,
  password: { readonly passwordHash: string; readonly mustChangePassword: boolean },
): UserRow {
  const at = now(ctx)
  return {
    id: ctx.random.uuid(),
    username: 'admin',
    usernameNorm: 'admin',
    email: 'admin@localhost',
    // Nobody vouches for the address: no provider may sign in as the administrator by naming it.
    emailNorm: null,
    emailVerified: false,
    emailVouchedBy: null,
    ...password,
    role: 'admin',
    fullName: 'Administrator',
    avatarUrl: '',
    isActive: true,
    externalId: null,
    authSource: 'local',
    language: null,
    totpSecret: null,
    totpLastStep: null,
    passkeyCount: 0,
    lastLoginAt: null,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
}

/** A public client for command-line tools: its secret never authenticates, it only completes the credentials file. */
export function defaultClientRow(
  ctx: RowContext,
  { clientSecret, ownerId }: { readonly clientSecret: string; readonly ownerId: string | null },
): ClientRow {
  const at = now(ctx)
  return {
    clientId: ctx.random.uuid(),
    clientSecret,
    previousClientSecret: null,
    previousSecretExpiresAt: null,
    clientName: 'AuthGate CLI',
    description: 'Default CLI client for authorization flow',
    clientUri: '',
    userId: ownerId,
    createdBy: null,
    scopes: 'email profile',
    grantTypes: 'device_code authorization_code',
    redirectUris: ['http://localhost:8888/callback'],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: '',
    clientType: 'public',
    tokenEndpointAuthMethod: null,
    enableDeviceFlow: true,
    enableAuthCodeFlow: true,
    enableClientCredentialsFlow: false,
    allowIntrospection: false,
    status: 'active',
    tokenProfile: 'standard',
    project: '',
    serviceAccount: '',
    origin: 'seed',
    registrationTokenHash: null,
    registrationIp: '',
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
}
