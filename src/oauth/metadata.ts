/**
 * Authorization server metadata (RFC 8414) and OpenID Connect discovery: one document at both well-known paths.
 *
 * It names what answers and nothing else. A feature adds its members to the list below when it is complete.
 */
import { LANGUAGES } from '../../views/messages'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { infrastructureSurface } from '../edge/surfaces/infrastructure'
import { ACR_MULTI_FACTOR } from '../identity/second-factor/required'
import { PROMPTS } from './authorize/request'
import { END_SESSION_PATH } from './end-session'
import { enabledGrants } from './grants'
import { publicDocument } from './public-document'

type Member = readonly [name: string, value: string | boolean | readonly string[] | undefined]

const PROVEN = ['client_secret_basic', 'client_secret_post']
const CLIENT_AUTHENTICATION = [...PROVEN, 'none']

/** Of ID tokens and userinfo. Claims the server adds to its own access tokens are nobody else's business. */
const CLAIMS = [
  ...['sub', 'iss', 'aud', 'exp', 'iat', 'jti', 'auth_time', 'acr', 'amr', 'nonce', 'at_hash'],
  ...['name', 'preferred_username', 'email', 'email_verified', 'picture', 'updated_at'],
]

/** The grant of browsers comes first, as readers of the document have always found it. */
const grantTypes = (settings: Settings): string[] =>
  enabledGrants(settings)
    .map(({ grantType }) => grantType)
    .sort((a, b) => Number(b === 'authorization_code') - Number(a === 'authorization_code'))

/** In the order of the document. A member without a value, or with an empty list, is left out (RFC 8414 §3.2). */
function members({ settings, keys }: Context): Member[] {
  const at = (path: string) => settings.issuer + path
  return [
    ['issuer', settings.issuer],
    ['authorization_endpoint', at('/oauth/authorize')],
    ['token_endpoint', at('/oauth/token')],
    ['userinfo_endpoint', at('/oauth/userinfo')],
    ['revocation_endpoint', at('/oauth/revoke')],
    ['jwks_uri', keys.published ? at('/.well-known/jwks.json') : undefined],
    ['response_types_supported', ['code']],
    ['subject_types_supported', ['public']],
    ['id_token_signing_alg_values_supported', [keys.alg]],
    ['scopes_supported', ['openid', 'profile', 'email', 'offline_access', 'read', 'write']],
    ['token_endpoint_auth_methods_supported', CLIENT_AUTHENTICATION],
    ['grant_types_supported', grantTypes(settings)],
    ['claims_supported', CLAIMS],
    ['acr_values_supported', [ACR_MULTI_FACTOR]],
    ['code_challenge_methods_supported', ['S256']],
    ['introspection_endpoint', at('/oauth/introspect')],
    ['device_authorization_endpoint', at('/oauth/device/code')],
    ['registration_endpoint', settings.ENABLE_DYNAMIC_CLIENT_REGISTRATION ? at('/oauth/register') : undefined],
    ['revocation_endpoint_auth_methods_supported', CLIENT_AUTHENTICATION],
    ['introspection_endpoint_auth_methods_supported', PROVEN],
    ['response_modes_supported', ['query', 'form_post']],
    ['authorization_response_iss_parameter_supported', true],
    ['prompt_values_supported', PROMPTS],
    ['ui_locales_supported', LANGUAGES],
    ['claims_parameter_supported', false],
    ['request_parameter_supported', false],
    ['request_uri_parameter_supported', false],
    ['service_documentation', at('/docs')],
    ['end_session_endpoint', at(END_SESSION_PATH)],
    ['backchannel_logout_supported', true],
    ['backchannel_logout_session_supported', true],
  ]
}

function metadataDocument(context: Context): string {
  const present = members(context).filter(([, value]) => value !== undefined && (value as unknown[]).length !== 0)
  return JSON.stringify(Object.fromEntries(present))
}

const WELL_KNOWN = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

/** Where the document is found. A path of the issuer may also follow the well-known part (RFC 8414 §3.1). */
const pathsFor = (basePath: string): string[] =>
  basePath === '' ? WELL_KNOWN : WELL_KNOWN.flatMap((path) => [path, path + basePath])

export function metadataEndpoints(context: Context) {
  const { settings } = context
  const answer = publicDocument(context, () => metadataDocument(context))
  const surface = infrastructureSurface(context)
  for (const path of pathsFor(settings.basePath)) surface.get(path, ({ request }) => answer(request))
  return surface
}
