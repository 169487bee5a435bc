import { json, type ProviderServer, type ProviderServerOptions, startProviderServer } from './provider-server'

export interface GiteaPerson {
  id: unknown
  login: string
  full_name: string
  email: string
  avatar_url: string
  emails: { email: string; primary: boolean; verified: boolean }[] | undefined
}

const gitta = (): GiteaPerson => ({
  id: 7,
  login: 'gitta',
  full_name: 'Gitta G.',
  email: 'gitta@example.com',
  avatar_url: 'https://gitea.example/avatars/7',
  emails: undefined,
})

/** Without a list of addresses it answers as a server that says nothing about verification. */
export async function startGitea(options: Pick<ProviderServerOptions, 'tls'> = {}): Promise<{
  server: ProviderServer
  person: GiteaPerson
  settings: Record<string, string>
}> {
  const person = gitta()
  const server = await startProviderServer({
    ...options,
    clientId: 'gitea-client',
    authorize: '/login/oauth/authorize',
    token: '/login/oauth/access_token',
    paths: {
      '/api/v1/user': () => {
        const { emails: _, ...profile } = person
        return json(profile)
      },
      '/api/v1/user/emails': () => (person.emails ? json(person.emails) : json({ message: 'forbidden' }, 403)),
    },
  })
  const settings = {
    GITEA_OAUTH_ENABLED: 'true',
    GITEA_URL: `${server.url}/`,
    GITEA_CLIENT_ID: 'gitea-client',
    GITEA_CLIENT_SECRET: 'gitea secret:1',
  }
  return { server, person, settings }
}
