/** The refresh token somebody presents, with everything its redemption depends on. */
import { eq } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { param, type Query, query } from '../db/definitions'
import { sha256Hex } from '../secrets'
import { isGrantType, type TokenRow } from './records'
import { RefreshRefused } from './refresh-refused'
import { agrees, verifyPresented } from './validate'

const presentedByHash = query('presented_refresh_token', (q, t) =>
  q
    .select({
      token: t.accessTokens,
      family: t.tokenFamilies,
      client: {
        clientId: t.oauthApplications.clientId,
        clientType: t.oauthApplications.clientType,
        status: t.oauthApplications.status,
        scopes: t.oauthApplications.scopes,
        tokenProfile: t.oauthApplications.tokenProfile,
        project: t.oauthApplications.project,
        serviceAccount: t.oauthApplications.serviceAccount,
        tokenEpoch: t.oauthApplications.tokenEpoch,
        enableDeviceFlow: t.oauthApplications.enableDeviceFlow,
        enableAuthCodeFlow: t.oauthApplications.enableAuthCodeFlow,
        enableClientCredentialsFlow: t.oauthApplications.enableClientCredentialsFlow,
      },
      user: {
        id: t.users.id,
        username: t.users.username,
        fullName: t.users.fullName,
        avatarUrl: t.users.avatarUrl,
        email: t.users.email,
        emailVerified: t.users.emailVerified,
        updatedAt: t.users.updatedAt,
        isActive: t.users.isActive,
        tokenEpoch: t.users.tokenEpoch,
      },
      consent: {
        uuid: t.userAuthorizations.uuid,
        isActive: t.userAuthorizations.isActive,
        tokenEpoch: t.userAuthorizations.tokenEpoch,
      },
    })
    .from(t.accessTokens)
    .leftJoin(t.tokenFamilies, eq(t.tokenFamilies.id, t.accessTokens.tokenFamilyId))
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.accessTokens.clientId))
    .leftJoin(t.users, eq(t.users.id, t.accessTokens.userId))
    .leftJoin(t.userAuthorizations, eq(t.userAuthorizations.uuid, t.accessTokens.authorizationId))
    .where(eq(t.accessTokens.tokenHash, param('hash')))
    .limit(1),
)

export type Presented = typeof presentedByHash extends Query<infer Row> ? Row : never

/** The row of a token of either category and whatever state, with everything it stands on. Always reads the database. */
export const findToken = (ctx: Pick<Context, 'db'>, token: string): Promise<Presented | undefined> =>
  ctx.db.one(presentedByHash, { hash: sha256Hex(token) })

/** A token that is not a refresh token is refused. */
export async function findPresented(ctx: Context, refreshToken: string): Promise<Presented> {
  const found = await findToken(ctx, refreshToken)
  if (!found) throw new RefreshRefused('unknown')
  if (found.token.tokenCategory !== 'refresh') throw new RefreshRefused('category', found.token)
  return found
}

/** Whether redeeming this token replaces it. */
export const rotates = (
  settings: Pick<Settings, 'ENABLE_TOKEN_ROTATION' | 'REFRESH_ROTATION_PUBLIC_ONLY'>,
  { client }: Presented,
): boolean =>
  settings.ENABLE_TOKEN_ROTATION || (settings.REFRESH_ROTATION_PUBLIC_ONLY && client?.clientType === 'public')

/** Token and family have not ended, and client, user and consent still stand behind the grant. */
export function requireLive(ctx: Context, { token, family, client, user, consent }: Presented) {
  const now = ctx.clock.now()
  if (family?.revokedAt) throw new RefreshRefused('revoked', token)
  if (token.expiresAt.getTime() <= now || (family && family.expiresAt.getTime() <= now))
    throw new RefreshRefused('expired', token)
  // Only tokens taken over from an earlier deployment may lack a family, until their first use.
  if (!family && !token.imported) throw new RefreshRefused('expired', token)
  if (client?.status !== 'active' || !flowIsOn(client, token.grantType))
    throw new RefreshRefused('client inactive', token)
  if (user?.isActive !== true) throw new RefreshRefused('user inactive', token)
  if (token.authorizationId && consent?.isActive !== true) throw new RefreshRefused('consent withdrawn', token)
  return { client, user, consent: consent ?? undefined }
}

/** The flow the grant began with; taken-over tokens do not know theirs. */
function flowIsOn(client: NonNullable<Presented['client']>, grantType: string): boolean {
  if (!isGrantType(grantType)) return true
  return {
    authorization_code: client.enableAuthCodeFlow,
    device_code: client.enableDeviceFlow,
    client_credentials: client.enableClientCredentialsFlow,
  }[grantType]
}

/** The token's own signature, issuer and times hold, and it says what its row says. */
export function requireProof(ctx: Context, refreshToken: string, token: TokenRow): void {
  const jwt = verifyPresented(ctx.keys, ctx.settings, refreshToken, ctx.clock.now())
  if (!jwt.valid || !agrees(jwt, token, ctx.settings)) throw new RefreshRefused('proof', token)
}
