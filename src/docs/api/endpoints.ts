/** The endpoints that programs call, in the order they are explained, with who may call each. */
import type { Messages } from '../../../views/messages'

export type EndpointName = keyof Messages['api']['endpoints']
export type EndpointGroup = keyof Messages['api']['groups']
export type EndpointSecurity = keyof Messages['api']['securities']

export interface DocumentedEndpoint {
  /** Method and path, as routed. */
  readonly name: EndpointName
  readonly group: EndpointGroup
  readonly security: EndpointSecurity
  /** Parameters of endpoints that read their query or form themselves. */
  readonly parameters?: readonly string[]
  /** Which of them, or of those of the schema, cannot be left out. */
  readonly required?: readonly string[]
}

const AUTHORIZE = [
  ...['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', 'code_challenge_method'],
  ...['nonce', 'prompt', 'max_age', 'login_hint', 'response_mode', 'resource', 'ui_locales'],
]
const AUDIT_FILTERS = [
  ...['event_type', 'severity', 'success', 'actor_user_id', 'actor_ip', 'resource_type', 'resource_id', 'client_id'],
  ...['start_time', 'end_time', 'search'],
]

export const ENDPOINTS: readonly DocumentedEndpoint[] = [
  { name: 'POST /oauth/device/code', group: 'tokens', security: 'client', required: ['client_id'] },
  {
    name: 'GET /oauth/authorize',
    group: 'tokens',
    security: 'browser',
    parameters: AUTHORIZE,
    required: ['response_type', 'client_id'],
  },
  { name: 'POST /oauth/token', group: 'tokens', security: 'client', required: ['grant_type'] },
  { name: 'POST /oauth/introspect', group: 'checking', security: 'client', required: ['token'] },
  { name: 'POST /oauth/revoke', group: 'checking', security: 'client', required: ['token'] },
  { name: 'GET /oauth/tokeninfo', group: 'checking', security: 'bearer' },
  { name: 'GET /oauth/userinfo', group: 'checking', security: 'bearer' },
  { name: 'POST /oauth/userinfo', group: 'checking', security: 'bearer' },
  { name: 'GET /oauth/end_session', group: 'checking', security: 'browser' },
  { name: 'POST /oauth/register', group: 'registration', security: 'none' },
  { name: 'GET /oauth/register/:client_id', group: 'registration', security: 'bearer' },
  { name: 'PUT /oauth/register/:client_id', group: 'registration', security: 'bearer' },
  { name: 'DELETE /oauth/register/:client_id', group: 'registration', security: 'bearer' },
  { name: 'GET /.well-known/openid-configuration', group: 'discovery', security: 'none' },
  { name: 'GET /.well-known/oauth-authorization-server', group: 'discovery', security: 'none' },
  { name: 'GET /.well-known/jwks.json', group: 'discovery', security: 'none' },
  {
    name: 'GET /admin/audit/api',
    group: 'audit',
    security: 'session',
    parameters: [...AUDIT_FILTERS, 'page', 'page_size'],
  },
  { name: 'GET /admin/audit/api/stats', group: 'audit', security: 'session', parameters: ['start_time', 'end_time'] },
  { name: 'GET /health', group: 'operations', security: 'none' },
  { name: 'GET /livez', group: 'operations', security: 'none' },
  { name: 'GET /readyz', group: 'operations', security: 'none' },
  { name: 'GET /metrics', group: 'operations', security: 'metrics' },
]
