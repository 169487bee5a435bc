import { duration, flag, list, oneOf, secret, text } from '../setting'

const credentials = (name: string) => ({
  id: text('', `Client id at ${name}.`),
  secret: secret(`Client secret at ${name}.`),
  redirect: text('', `Redirect URI registered at ${name}; default derived from BASE_URL.`),
})

const scopes = (name: string, fallback: readonly string[]) => list(fallback, `Scopes asked of ${name}.`)
const caFile = (name: string) => text('', `PEM certificates of authorities that are trusted in addition for ${name}.`)

const github = credentials('GitHub')
const gitea = credentials('Gitea')
const gitlab = credentials('GitLab')
const microsoft = credentials('Microsoft Entra ID')
const oidc = credentials('the OpenID provider')

export const providerSettings = {
  GITHUB_OAUTH_ENABLED: flag(false, 'Sign-in through GitHub.'),
  GITHUB_URL: text('https://github.com', 'Address of GitHub, or of a GitHub Enterprise Server.'),
  GITHUB_CLIENT_ID: github.id,
  GITHUB_CLIENT_SECRET: github.secret,
  GITHUB_REDIRECT_URL: github.redirect,
  GITHUB_SCOPES: scopes('GitHub', ['user:email']),
  GITHUB_CA_FILE: caFile('GitHub'),
  GITEA_OAUTH_ENABLED: flag(false, 'Sign-in through Gitea.'),
  GITEA_URL: text('', 'Address of the Gitea server.'),
  GITEA_CLIENT_ID: gitea.id,
  GITEA_CLIENT_SECRET: gitea.secret,
  GITEA_REDIRECT_URL: gitea.redirect,
  GITEA_SCOPES: scopes('Gitea', ['read:user']),
  GITEA_TRUST_EMAIL: flag(false, 'Takes every address from Gitea for verified. Only where no stranger can register.'),
  GITEA_CA_FILE: caFile('Gitea'),
  GITLAB_OAUTH_ENABLED: flag(false, 'Sign-in through GitLab.'),
  GITLAB_URL: text('', 'Address of the GitLab server; default https://gitlab.com.'),
  GITLAB_CLIENT_ID: gitlab.id,
  GITLAB_CLIENT_SECRET: gitlab.secret,
  GITLAB_REDIRECT_URL: gitlab.redirect,
  GITLAB_SCOPES: list(
    ['read_user'],
    'Scopes asked of GitLab. With openid,profile,email it says which addresses are verified.',
  ),
  GITLAB_TRUST_EMAIL: flag(false, 'Takes every address from GitLab for verified. Only where no stranger can register.'),
  GITLAB_CA_FILE: caFile('GitLab'),
  MICROSOFT_OAUTH_ENABLED: flag(false, 'Sign-in through Microsoft Entra ID.'),
  MICROSOFT_TENANT_ID: text('common', 'Tenant id, or common, organizations, consumers.'),
  MICROSOFT_CLIENT_ID: microsoft.id,
  MICROSOFT_CLIENT_SECRET: microsoft.secret,
  MICROSOFT_REDIRECT_URL: microsoft.redirect,
  MICROSOFT_SCOPES: scopes('Microsoft Entra ID', ['openid', 'profile', 'email', 'User.Read']),
  MICROSOFT_ALLOWED_TENANTS: list([], 'Tenant ids whose accounts may sign in; empty = any of MICROSOFT_TENANT_ID.'),
  MICROSOFT_EMAIL_DOMAINS: list(
    [],
    'Domains whose addresses count as verified when MICROSOFT_TENANT_ID is the id of one tenant.',
  ),
  MICROSOFT_SYNC_USERNAME: flag(true, 'Takes over user names changed in the directory.'),
  MICROSOFT_LOGIN_URL: text(
    'https://login.microsoftonline.com',
    'Sign-in address of the cloud, such as a national one.',
  ),
  MICROSOFT_GRAPH_URL: text('https://graph.microsoft.com', 'Address of Microsoft Graph in the same cloud.'),
  MICROSOFT_CA_FILE: caFile('Microsoft Entra ID'),
  OIDC_OAUTH_ENABLED: flag(false, 'Sign-in through any other OpenID Connect provider.'),
  OIDC_ISSUER: text('', 'Issuer of the OpenID provider, exactly as its discovery document says.'),
  OIDC_DISPLAY_NAME: text('OpenID Connect', 'Name of the OpenID provider on the sign-in button.'),
  OIDC_CLIENT_ID: oidc.id,
  OIDC_CLIENT_SECRET: oidc.secret,
  OIDC_REDIRECT_URL: oidc.redirect,
  OIDC_SCOPES: scopes('the OpenID provider', ['openid', 'profile', 'email']),
  OIDC_USERNAME_CLAIM: text('preferred_username', 'Claim that holds the user name.'),
  OIDC_NAME_CLAIM: text('name', 'Claim that holds the full name.'),
  OIDC_EMAIL_CLAIM: text('email', 'Claim that holds the e-mail address.'),
  OIDC_TRUST_EMAIL: flag(
    false,
    'Takes every address from the OpenID provider for verified, whatever email_verified says.',
  ),
  OIDC_CA_FILE: caFile('the OpenID provider'),
  OAUTH_AUTO_LINK: oneOf(
    ['verified-only', 'off'],
    'verified-only',
    'Whether an account is linked to a provider by its verified e-mail address: verified-only or off.',
  ),
  OAUTH_AUTO_REGISTER: flag(true, 'Creates an account at the first sign-in through a provider.'),
  OAUTH_TIMEOUT: duration('15s', 'Limit of one call to a provider; 0s = one minute.'),
  OAUTH_INSECURE_SKIP_VERIFY: flag(false, 'Skips TLS verification of providers. Refused in production.'),
}
