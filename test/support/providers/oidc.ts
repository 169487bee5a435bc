import { json, type ProviderServer, type ProviderServerOptions, startProviderServer } from './provider-server'

export const olga = (): Record<string, unknown> => ({
  sub: 'olga-1',
  preferred_username: 'olga',
  name: 'Olga O.',
  email: 'olga@example.com',
  email_verified: true,
  picture: 'https://id.example/olga.png',
})

/** All claims are in the ID token; the discovery document can be changed through `metadata`. */
export async function startOidc(options: Pick<ProviderServerOptions, 'tls'> = {}): Promise<{
  server: ProviderServer
  person: Record<string, unknown>
  metadata: Record<string, unknown>
  settings: Record<string, string>
}> {
  const person = olga()
  const metadata: Record<string, unknown> = {}
  const server = await startProviderServer({
    ...options,
    clientId: 'oidc-client',
    authorize: '/authorize',
    token: '/token',
    jwks: '/keys',
    issuer: (url) => url,
    idTokenClaims: () => person,
    paths: {
      '/.well-known/openid-configuration': () =>
        json({
          issuer: server.url,
          authorization_endpoint: `${server.url}/authorize`,
          token_endpoint: `${server.url}/token`,
          userinfo_endpoint: `${server.url}/userinfo`,
          jwks_uri: `${server.url}/keys`,
          ...metadata,
        }),
      '/userinfo': () => json(person),
    },
  })
  const settings = {
    OIDC_OAUTH_ENABLED: 'true',
    OIDC_ISSUER: server.url,
    OIDC_DISPLAY_NAME: 'Example ID',
    OIDC_CLIENT_ID: 'oidc-client',
    OIDC_CLIENT_SECRET: 'oidc-secret',
  }
  return { server, person, metadata, settings }
}
