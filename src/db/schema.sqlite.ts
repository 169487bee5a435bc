/** What drizzle-kit reads to write the migrations of this database. */
import { sqliteKit } from './kit'
import { makeTables } from './tables'

export const {
  users,
  recoveryCodes,
  passkeys,
  oauthConnections,
  retiredUsernames,
  severedConnections,
  oauthApplications,
  clientRevisions,
  userAuthorizations,
  deviceCodes,
  authorizationCodes,
  accessTokens,
  tokenFamilies,
  refreshGrace,
  sessions,
  pendingRequests,
  loginTransactions,
  attemptDelays,
  logoutNotices,
  auditLogs,
  seedState,
  signingKeys,
  activityHours,
  activityProgress,
  auditSeals,
} = makeTables(sqliteKit)
