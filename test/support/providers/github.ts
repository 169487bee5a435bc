/** GitHub, as an Enterprise Server: everything on one host. */
import { json, type ProviderServer, type ProviderServerOptions, startProviderServer } from './provider-server'

export interface GitHubPerson {
  id: unknown
  login: string
  name: string | null
  email: string | null
  avatar_url: string
  emails: { email: string; primary: boolean; verified: boolean }[]
}

export const hubert = (): GitHubPerson => ({
  id: 583_231,
  login: 'hubert',
  name: 'Hubert H.',
  email: null,
  avatar_url: 'https://avatars.example/583231',
  emails: [{ email: 'hubert@example.com', primary: true, verified: true }],
})

export async function startGitHub(options: Pick<ProviderServerOptions, 'tls'> = {}): Promise<{
  server: ProviderServer
  person: GitHubPerson
  settings: Record<string, string>
}> {
  const person = hubert()
  const server = await startProviderServer({
    ...options,
    clientId: 'github-client',
    authorize: '/login/oauth/authorize',
    token: '/login/oauth/access_token',
    paths: {
      '/api/v3/user': () => {
        const { emails: _, ...profile } = person
        return json(profile)
      },
      '/api/v3/user/emails': () => json(person.emails),
    },
  })
  const settings = {
    GITHUB_OAUTH_ENABLED: 'true',
    GITHUB_URL: server.url,
    GITHUB_CLIENT_ID: 'github-client',
    GITHUB_CLIENT_SECRET: 'github secret/with+signs',
  }
  return { server, person, settings }
}
