/** The catalogue of audit events. Names are an interface: alert rules and exports refer to them. */

export const EVENT_TYPES = [
  ...(['AUTHENTICATION_SUCCESS', 'AUTHENTICATION_FAILURE', 'OAUTH_AUTHENTICATION', 'LOGOUT'] as const),
  ...(['DEVICE_CODE_GENERATED', 'DEVICE_CODE_AUTHORIZED'] as const),
  ...(['ACCESS_TOKEN_ISSUED', 'REFRESH_TOKEN_ISSUED', 'ID_TOKEN_ISSUED', 'TOKEN_REFRESHED'] as const),
  ...(['TOKEN_REVOKED', 'TOKEN_DISABLED', 'TOKEN_ENABLED', 'TOKEN_INTROSPECTED'] as const),
  ...(['CLIENT_CREDENTIALS_TOKEN_ISSUED', 'SUSPICIOUS_ACTIVITY'] as const),
  ...(['CLIENT_CREATED', 'CLIENT_REGISTERED', 'CLIENT_UPDATED', 'CLIENT_DELETED'] as const),
  ...(['CLIENT_SECRET_REGENERATED', 'CLIENT_APPROVED', 'CLIENT_REJECTED', 'CLIENT_TOKENS_REVOKED_ALL'] as const),
  ...(['AUTHORIZATION_CODE_GENERATED', 'AUTHORIZATION_CODE_EXCHANGED', 'AUTHORIZATION_CODE_DENIED'] as const),
  ...(['USER_AUTHORIZATION_GRANTED', 'USER_AUTHORIZATION_REVOKED'] as const),
  ...(['USER_CREATED', 'USER_UPDATED', 'USER_ROLE_CHANGED', 'USER_PASSWORD_RESET'] as const),
  ...(['USER_DISABLED', 'USER_ENABLED', 'USER_DELETED', 'OAUTH_CONNECTION_DELETED'] as const),
  ...(['RATE_LIMIT_EXCEEDED', 'AUDIT_LOG_VIEWED', 'AUDIT_LOG_EXPORTED'] as const),
] as const

export type EventType = (typeof EVENT_TYPES)[number]
export type Severity = 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'
export type ResourceType = 'USER' | 'CLIENT' | 'TOKEN' | 'DEVICE_CODE' | 'AUTHORIZATION'

/** What happened, to what, by whom. Request facts (address, user agent, path, request id) come from the context. */
export interface AuditEvent {
  readonly event: EventType
  /** What happened, in words. */
  readonly action: string
  /** Default `INFO`. */
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
