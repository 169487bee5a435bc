import { duration, flag, integer, secret, text } from '../setting'

export const passwordSettings = {
  AUTH_MODE: text('local', 'local, or http_api: who checks passwords of unknown users.'),
  HTTP_API_URL: text('', 'Where passwords are checked in mode http_api: POST of {"username","password"}.'),
  HTTP_API_TIMEOUT: duration(
    '10s',
    'Limit of one attempt; all attempts of a login together: the larger of this and 25s.',
  ),
  HTTP_API_INSECURE_SKIP_VERIFY: flag(false, 'Skips TLS verification. Refused in production.'),
  HTTP_API_AUTH_MODE: text('none', 'none, simple, hmac or github: how the service recognises this server.'),
  HTTP_API_AUTH_SECRET: secret('Secret shared with the service.'),
  HTTP_API_AUTH_HEADER: text('X-API-Secret', 'Header of mode simple.'),
  HTTP_API_MAX_RETRIES: integer(3, 'Attempts after the first; only failed connections, 5xx and 429 are repeated.'),
  HTTP_API_RETRY_DELAY: duration('1s', 'First pause between attempts; each further one is twice as long.'),
  HTTP_API_MAX_RETRY_DELAY: duration('10s', 'Longest pause between attempts.'),
}
