/** The login service and Microsoft Graph on one host. */
import { json, type ProviderServer, type ProviderServerOptions, startProviderServer } from './provider-server'

export const TENANT = '11111111-2222-4333-8444-555555555555'
export const OTHER_TENANT = '99999999-2222-4333-8444-555555555555'
export const OBJECT_ID = 'aaaaaaaa-2222-4333-8444-555555555555'

export const mika = (): Record<string, unknown> => ({
  id: OBJECT_ID,
  userPrincipalName: 'mika@contoso.example',
  displayName: 'Mika M.',
  mail: 'mika@contoso.example',
  givenName: 'Mika',
  surname: 'M.',
  mailNickname: 'mika',
  onPremisesSamAccountName: null,
  onPremisesSyncEnabled: null,
})

/** `tenant` as in MICROSOFT_TENANT_ID; people are of `TENANT` unless `server.claims.tid` says otherwise. */
export async function startMicrosoft(
  tenant: string = TENANT,
  options: Pick<ProviderServerOptions, 'tls'> = {},
): Promise<{
  server: ProviderServer
  person: Record<string, unknown>
  settings: Record<string, string>
}> {
  const person = mika()
  const published = /^[0-9a-f-]{36}$/.test(tenant) ? tenant : '{tenantid}'
  const base = `/${tenant}`
  const server = await startProviderServer({
    ...options,
    clientId: 'microsoft-client',
    authorize: `${base}/oauth2/v2.0/authorize`,
    token: `${base}/oauth2/v2.0/token`,
    jwks: `${base}/discovery/v2.0/keys`,
    issuer: (url) => `${url}/${(server.claims.tid as string | undefined) ?? TENANT}/v2.0`,
    idTokenClaims: () => ({ tid: TENANT, oid: OBJECT_ID, sub: 'pairwise-subject' }),
    paths: {
      [`${base}/v2.0/.well-known/openid-configuration`]: () =>
        json({
          issuer: `${server.url}/${published}/v2.0`,
          authorization_endpoint: `${server.url}${base}/oauth2/v2.0/authorize`,
          token_endpoint: `${server.url}${base}/oauth2/v2.0/token`,
          jwks_uri: `${server.url}${base}/discovery/v2.0/keys`,
        }),
      '/v1.0/me': () => json(person),
    },
  })
  const settings = {
    MICROSOFT_OAUTH_ENABLED: 'true',
    MICROSOFT_TENANT_ID: tenant,
    MICROSOFT_CLIENT_ID: 'microsoft-client',
    MICROSOFT_CLIENT_SECRET: 'microsoft-secret',
    MICROSOFT_LOGIN_URL: server.url,
    MICROSOFT_GRAPH_URL: server.url,
  }
  return { server, person, settings }
}
