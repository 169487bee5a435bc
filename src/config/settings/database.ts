import { duration, flag, integer, oneOf, secret, text } from '../setting'

export const databaseSettings = {
  DATABASE_DRIVER: text('sqlite', 'sqlite or postgres.'),
  DATABASE_DSN: secret('SQLite: file path. PostgreSQL: key=value text or postgres:// URL.'),
  DATABASE_PATH: text('oauth.db', 'SQLite file when DATABASE_DSN is empty.'),
  DB_MAX_OPEN_CONNS: integer(25, 'PostgreSQL connections; 0 or less = 25.'),
  DB_MAX_IDLE_CONNS: integer(10, 'Accepted for compatibility: idle connections end by DB_CONN_MAX_IDLE_TIME.'),
  DB_CONN_MAX_LIFETIME: duration('5m', 'Age after which a connection is replaced; 0 or less = never.'),
  DB_CONN_MAX_IDLE_TIME: duration('10m', 'Idle time after which a connection closes; 0 or less = never.'),
  DB_LOG_LEVEL: oneOf(
    ['silent', 'error', 'warn', 'info'],
    'warn',
    'info logs every statement, warn slow ones, error and silent none; never with values.',
    { ignoreCase: true },
  ),
  DEFAULT_ADMIN_PASSWORD: secret('Password of the first administrator; empty = generated into the credentials file.', {
    trim: true,
  }),
  SEED_DEFAULT_CLIENT: flag(true, 'Creates the client "AuthGate CLI" in an empty database.'),
  CREDENTIALS_FILE: text('', 'Where generated credentials are written; default beside the SQLite file.'),
  ENABLE_EXPIRED_TOKEN_CLEANUP: flag(true, 'Deletes expired tokens. Other expired rows are always deleted.'),
  EXPIRED_TOKEN_CLEANUP_INTERVAL: duration('1h', 'How often expired rows are deleted.'),
}

export const auditSettings = {
  ENABLE_AUDIT_LOGGING: flag(true, 'Keeps an audit trail.'),
  AUDIT_LOG_RETENTION: duration('2160h', 'Age after which audit records are deleted; 0 or less = never.'),
  AUDIT_LOG_BUFFER_SIZE: integer(
    1000,
    'Records of events without a change that may wait to be written; 0 or less = 1000.',
  ),
  AUDIT_LOG_CLEANUP_INTERVAL: duration('24h', 'How often old audit records are deleted.'),
}
