/** The catalogue of audit events. Names are an interface: alert rules and exports refer to them. */

export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Where an event arises. */
export type EventGroup =
  | 'sign_in'
  | 'device'
  | 'code'
  | 'token'
  | 'consent'
  | 'client'
  | 'keys'
  | 'user'
  | 'protection'
  | 'audit'

interface EventEntry {
  readonly group: EventGroup
  /** Unless the event says otherwise. */
  readonly severity: Severity
}

const at = (group: EventGroup, severity: Severity = 'INFO'): EventEntry => ({ group, severity })

/** What each means is in the message catalogue, area `audit`. */
export const EVENTS = {
  /** Somebody proved who they are: with a password here or at the HTTP API, or with a passkey. */
  AUTHENTICATION_SUCCESS: at('sign_in'),
  AUTHENTICATION_FAILURE: at('sign_in', 'WARNING'),
  /** The first step of a login was right; nobody is signed in before the second factor. */
  SECOND_FACTOR_REQUIRED: at('sign_in'),
  /** A login through another provider, or its failure (success false). */
  OAUTH_AUTHENTICATION: at('sign_in'),
  LOGOUT: at('sign_in'),

  DEVICE_CODE_GENERATED: at('device'),
  DEVICE_CODE_AUTHORIZED: at('device'),

  AUTHORIZATION_CODE_GENERATED: at('code'),
  AUTHORIZATION_CODE_EXCHANGED: at('code'),
  /** A person refused an application: on the consent page or on the device page. */
  AUTHORIZATION_CODE_DENIED: at('code'),

  ACCESS_TOKEN_ISSUED: at('token'),
  REFRESH_TOKEN_ISSUED: at('token'),
  ID_TOKEN_ISSUED: at('token'),
  CLIENT_CREDENTIALS_TOKEN_ISSUED: at('token'),
  TOKEN_REFRESHED: at('token'),
  TOKEN_INTROSPECTED: at('token'),
  TOKEN_REVOKED: at('token'),
  TOKEN_DISABLED: at('token'),
  TOKEN_ENABLED: at('token'),

  USER_AUTHORIZATION_GRANTED: at('consent'),
  USER_AUTHORIZATION_REVOKED: at('consent'),

  CLIENT_CREATED: at('client'),
  CLIENT_REGISTERED: at('client'),
  CLIENT_UPDATED: at('client'),
  CLIENT_DELETED: at('client', 'WARNING'),
  CLIENT_SECRET_REGENERATED: at('client', 'WARNING'),
  CLIENT_APPROVED: at('client'),
  CLIENT_REJECTED: at('client'),
  CLIENT_TOKENS_REVOKED_ALL: at('client', 'CRITICAL'),

  KEYS_RELOADED: at('keys', 'WARNING'),

  USER_CREATED: at('user'),
  USER_UPDATED: at('user'),
  USER_ROLE_CHANGED: at('user', 'WARNING'),
  USER_PASSWORD_RESET: at('user', 'WARNING'),
  USER_DISABLED: at('user', 'WARNING'),
  USER_ENABLED: at('user'),
  USER_UNLOCKED: at('user', 'WARNING'),
  USER_DELETED: at('user', 'WARNING'),
  /** An account got, lost or replaced a second factor or its recovery codes. */
  SECOND_FACTOR_ENABLED: at('user', 'WARNING'),
  SECOND_FACTOR_DISABLED: at('user', 'WARNING'),
  RECOVERY_CODES_REPLACED: at('user', 'WARNING'),
  PASSKEY_RENAMED: at('user'),
  OAUTH_CONNECTION_DELETED: at('user', 'WARNING'),

  RATE_LIMIT_EXCEEDED: at('protection', 'WARNING'),
  /** A spent code or token was presented again. */
  SUSPICIOUS_ACTIVITY: at('protection', 'CRITICAL'),

  AUDIT_LOG_VIEWED: at('audit'),
  AUDIT_LOG_EXPORTED: at('audit'),
} satisfies Readonly<Record<string, EventEntry>>

export type EventType = keyof typeof EVENTS

export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[]

export const RESOURCE_TYPES = ['USER', 'CLIENT', 'TOKEN', 'DEVICE_CODE', 'AUTHORIZATION', 'SIGNING_KEY'] as const

export type ResourceType = (typeof RESOURCE_TYPES)[number]

/** What happened, to what, by whom. Request facts (address, user agent, path, request id) come from the context. */
export interface AuditEvent {
  readonly event: EventType
  /** What happened, in words. */
  readonly action: string
  /** Default: that of the catalogue. */
  readonly severity?: Severity
  /** Default true. */
  readonly success?: boolean
  /** A user, or `client:<client_id>` for a client acting by itself. */
  readonly actor?: { readonly id?: string; readonly username?: string }
  readonly resource?: { readonly type: ResourceType; readonly id?: string; readonly name?: string }
  readonly clientId?: string
  /** Masked before it is stored. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly errorMessage?: string
}
