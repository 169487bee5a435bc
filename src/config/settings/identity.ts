import { duration, flag, inert, integer, list, oneOf, secret, text } from '../setting'

export const passwordSettings = {
  AUTH_MODE: text('local', 'local, or http_api: who checks passwords of unknown users.', {
    planned: (mode) => mode === 'http_api',
  }),
  ...inert({
    HTTP_API_URL: text('', 'Where passwords are checked in mode http_api.'),
    HTTP_API_TIMEOUT: duration('10s', 'Limit of one attempt.'),
    HTTP_API_INSECURE_SKIP_VERIFY: flag(false, 'Skips TLS verification. Refused in production.'),
    HTTP_API_AUTH_MODE: text('none', 'none, simple, hmac or github.'),
    HTTP_API_AUTH_SECRET: secret('Secret shared with the service.'),
    HTTP_API_AUTH_HEADER: text('X-API-Secret', 'Header of mode simple.'),
    HTTP_API_MAX_RETRIES: integer(3, 'Attempts after the first.'),
    HTTP_API_RETRY_DELAY: duration('1s', 'First pause between attempts.'),
    HTTP_API_MAX_RETRY_DELAY: duration('10s', 'Longest pause between attempts.'),
  }),
}

/** What a provider cannot do without; one that lacks any of it is not offered. */
const provider = (name: string, needs: readonly string[], scopes: readonly string[]) => ({
  enabled: flag(false, `Sign-in through ${name}.`, {
    planned: (on, all) => on && needs.every((setting) => all[setting] !== ''),
  }),
  ...inert({
    id: text('', `Client id at ${name}.`),
    secret: secret(`Client secret at ${name}.`),
    redirect: text('', `Redirect URI registered at ${name}; default derived from BASE_URL.`),
    scopes: list(scopes, `Scopes asked of ${name}.`),
  }),
})

const github = provider('GitHub', ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'], ['user:email'])
const gitea = provider('Gitea', ['GITEA_URL', 'GITEA_CLIENT_ID', 'GITEA_CLIENT_SECRET'], ['read:user'])
const gitlab = provider('GitLab', ['GITLAB_CLIENT_ID', 'GITLAB_CLIENT_SECRET'], ['read_user'])
const microsoft = provider(
  'Microsoft Entra ID',
  ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
  ['openid', 'profile', 'email', 'User.Read'],
)

export const providerSettings = {
  GITHUB_OAUTH_ENABLED: github.enabled,
  GITHUB_CLIENT_ID: github.id,
  GITHUB_CLIENT_SECRET: github.secret,
  GITHUB_REDIRECT_URL: github.redirect,
  GITHUB_SCOPES: github.scopes,
  GITEA_OAUTH_ENABLED: gitea.enabled,
  GITEA_URL: text('', 'Address of the Gitea server.', { inert: true }),
  GITEA_CLIENT_ID: gitea.id,
  GITEA_CLIENT_SECRET: gitea.secret,
  GITEA_REDIRECT_URL: gitea.redirect,
  GITEA_SCOPES: gitea.scopes,
  GITLAB_OAUTH_ENABLED: gitlab.enabled,
  GITLAB_URL: text('', 'Address of the GitLab server; default https://gitlab.com.', { inert: true }),
  GITLAB_CLIENT_ID: gitlab.id,
  GITLAB_CLIENT_SECRET: gitlab.secret,
  GITLAB_REDIRECT_URL: gitlab.redirect,
  GITLAB_SCOPES: gitlab.scopes,
  MICROSOFT_OAUTH_ENABLED: microsoft.enabled,
  MICROSOFT_TENANT_ID: text('common', 'Tenant id, or common, organizations, consumers.', { inert: true }),
  MICROSOFT_CLIENT_ID: microsoft.id,
  MICROSOFT_CLIENT_SECRET: microsoft.secret,
  MICROSOFT_REDIRECT_URL: microsoft.redirect,
  MICROSOFT_SCOPES: microsoft.scopes,
  ...inert({
    MICROSOFT_ALLOWED_TENANTS: list([], 'Tenant ids whose accounts may sign in; empty = any of MICROSOFT_TENANT_ID.'),
    MICROSOFT_SYNC_USERNAME: flag(true, 'Takes over user names changed in the directory.'),
    OAUTH_AUTO_LINK: oneOf(
      ['verified-only', 'off'],
      'verified-only',
      'Whether an account is linked to a provider by its verified e-mail address: verified-only or off.',
    ),
    OAUTH_AUTO_REGISTER: flag(true, 'Creates an account at the first sign-in through a provider.'),
    OAUTH_TIMEOUT: duration('15s', 'Limit of one call to a provider.'),
    OAUTH_INSECURE_SKIP_VERIFY: flag(false, 'Skips TLS verification of providers. Refused in production.'),
  }),
}
