/** The refresh token somebody presents, with everything its redemption depends on. */
import { eq } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { param, type Query, query } from '../db/definitions'
import { sha256Hex } from '../secrets'
import { isMachineSubject } from './claims'
import { unverifiedRowId } from './jwt'
import { type FamilyRow, isGrantType, type TokenRow } from './records'
import { RefreshRefused } from './refresh-refused'
import { tokenKey } from './token-rows'
import { agrees, verifyPresented } from './validate'

const ownToken = query('presented_token', (q, t) => q.select().from(t.accessTokens).where(tokenKey.own(t)))
const importedToken = query('presented_imported_token', (q, t) =>
  q.select().from(t.accessTokens).where(tokenKey.imported(t)),
)

const familyById = query('token_family_by_id', (q, t) =>
  q
    .select()
    .from(t.tokenFamilies)
    .where(eq(t.tokenFamilies.id, param('id'))),
)

const clientOfToken = query('client_of_token', (q, t) =>
  q
    .select({
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
    })
    .from(t.oauthApplications)
    .where(eq(t.oauthApplications.clientId, param('id'))),
)

const userOfToken = query('user_of_token', (q, t) =>
  q
    .select({
      id: t.users.id,
      username: t.users.username,
      fullName: t.users.fullName,
      avatarUrl: t.users.avatarUrl,
      email: t.users.email,
      emailVerified: t.users.emailVerified,
      updatedAt: t.users.updatedAt,
      isActive: t.users.isActive,
      tokenEpoch: t.users.tokenEpoch,
    })
    .from(t.users)
    .where(eq(t.users.id, param('id'))),
)

const consentOfToken = query('consent_of_token', (q, t) =>
  q
    .select({
      uuid: t.userAuthorizations.uuid,
      isActive: t.userAuthorizations.isActive,
      tokenEpoch: t.userAuthorizations.tokenEpoch,
    })
    .from(t.userAuthorizations)
    .where(eq(t.userAuthorizations.uuid, param('id'))),
)

type RowOf<Q> = Q extends Query<infer Row> ? Row : never

/** A token of either category and whatever state, with everything it stands on; null where that is gone. */
export interface Presented {
  readonly token: TokenRow
  readonly family: FamilyRow | null
  readonly client: RowOf<typeof clientOfToken> | null
  readonly user: RowOf<typeof userOfToken> | null
  readonly consent: RowOf<typeof consentOfToken> | null
}

/**
 * Always reads the database. The parts are read by key, side by side: what changes between them and the commit is found
 * by the conditions of the commit.
 */
export async function findToken({ db }: Pick<Context, 'db'>, presented: string): Promise<Presented | undefined> {
  const key = { id: unverifiedRowId(presented), hash: sha256Hex(presented) }
  const token = (await db.one(ownToken, key)) ?? (await db.one(importedToken, key))
  if (!token) return undefined
  const { tokenFamilyId, authorizationId } = token
  const [family, client, user, consent] = await Promise.all([
    tokenFamilyId === null ? undefined : db.one(familyById, { id: tokenFamilyId }),
    db.one(clientOfToken, { id: token.clientId }),
    isMachineSubject(token.userId) ? undefined : db.one(userOfToken, { id: token.userId }),
    authorizationId === null ? undefined : db.one(consentOfToken, { id: authorizationId }),
  ])
  return { token, family: family ?? null, client: client ?? null, user: user ?? null, consent: consent ?? null }
}

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
