/** The grant types of the token endpoint. */
import type { Settings } from '../../config/settings'
import { authorizationCode } from './authorization-code'
import { clientCredentials } from './client-credentials'
import { deviceCode } from './device-code'
import type { Grant } from './grant'
import { refreshToken } from './refresh-token'

/** In the order the documents name them. */
const GRANTS: readonly Grant[] = [deviceCode, refreshToken, authorizationCode, clientCredentials]

/** The grants the settings leave switched on: what the token endpoint takes and the metadata names. */
export const enabledGrants = (settings: Settings): readonly Grant[] =>
  GRANTS.filter((grant) => grant.isEnabled?.(settings) ?? true)
