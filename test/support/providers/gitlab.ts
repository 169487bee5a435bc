import { json, type ProviderServer, type ProviderServerOptions, startProviderServer } from './provider-server'

export interface GitLabPerson {
  id: number
  username: string
  name: string
  email: string
  avatar_url: string
  emailVerified: boolean
}

export const gil = (): GitLabPerson => ({
  id: 42,
  username: 'gil',
  name: 'Gil L.',
  email: 'gil@example.com',
  avatar_url: 'https://gitlab.example/avatars/42',
  emailVerified: true,
})

export async function startGitLab(options: Pick<ProviderServerOptions, 'tls'> = {}): Promise<{
  server: ProviderServer
  person: GitLabPerson
  settings: Record<string, string>
}> {
  const person = gil()
  const server = await startProviderServer({
    ...options,
    clientId: 'gitlab-client',
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    jwks: '/oauth/discovery/keys',
    issuer: (url) => url,
    idTokenClaims: () => ({ sub: String(person.id) }),
    paths: {
      '/.well-known/openid-configuration': () =>
        json({
          issuer: server.url,
          authorization_endpoint: `${server.url}/oauth/authorize`,
          token_endpoint: `${server.url}/oauth/token`,
          userinfo_endpoint: `${server.url}/oauth/userinfo`,
          jwks_uri: `${server.url}/oauth/discovery/keys`,
        }),
      '/api/v4/user': () => {
        const { emailVerified: _, ...profile } = person
        return json(profile)
      },
      '/oauth/userinfo': () =>
        json({
          sub: String(person.id),
          preferred_username: person.username,
          name: person.name,
          email: person.email,
          email_verified: person.emailVerified,
          picture: person.avatar_url,
        }),
    },
  })
  const settings = {
    GITLAB_OAUTH_ENABLED: 'true',
    GITLAB_URL: server.url,
    GITLAB_CLIENT_ID: 'gitlab-client',
    GITLAB_CLIENT_SECRET: 'gitlab-secret',
  }
  return { server, person, settings }
}
