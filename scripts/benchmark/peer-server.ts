/**
 * Another server of the same protocols in the same runtime, for comparison: oidc-provider with everything in memory.
 * Prints one line of JSON once it listens: where it is, and what a load needs.
 */
import { createServer } from 'node:http'
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider'

const ACCOUNT = 'somebody'
const CLIENT = 'bench'
const PUBLIC_CLIENT = 'bench-public'
const SECRET = 'a-secret-of-the-benchmark-that-is-long-enough'
const USER_SCOPE = 'openid profile'
/** Without `openid`, so that a refresh signs nothing. */
const REFRESH_SCOPE = 'read offline_access'
const CHAINS = 256

const stored = new Map<string, AdapterPayload>()

/** A map without limits; nothing is written anywhere. */
class MemoryAdapter implements Adapter {
  constructor(private readonly name: string) {}
  async upsert(id: string, payload: AdapterPayload) {
    stored.set(`${this.name}:${id}`, payload)
    if (payload.userCode) stored.set(`${this.name}:user:${payload.userCode}`, payload)
    if (payload.uid) stored.set(`${this.name}:uid:${payload.uid}`, payload)
  }
  async find(id: string) {
    return stored.get(`${this.name}:${id}`)
  }
  async findByUserCode(code: string) {
    return stored.get(`${this.name}:user:${code}`)
  }
  async findByUid(uid: string) {
    return stored.get(`${this.name}:uid:${uid}`)
  }
  async consume(id: string) {
    const payload = stored.get(`${this.name}:${id}`)
    if (payload) payload.consumed = Math.floor(Date.now() / 1000)
  }
  async destroy(id: string) {
    stored.delete(`${this.name}:${id}`)
  }
  async revokeByGrantId(grantId: string) {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key)
  }
}

const shared = { redirect_uris: ['https://app.example/callback'], response_types: ['code' as const] }
const provider = new Provider('http://127.0.0.1', {
  adapter: MemoryAdapter,
  clients: [
    {
      ...shared,
      client_id: CLIENT,
      client_secret: SECRET,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    },
    {
      ...shared,
      client_id: PUBLIC_CLIENT,
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['com.example.app:/callback'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    },
  ],
  scopes: ['openid', 'profile', 'offline_access', 'read'],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
  },
  findAccount: (_ctx, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: 'Some Body', preferred_username: accountId }),
  }),
  rotateRefreshToken: true,
  cookies: { keys: ['benchmark'] },
})

const publicClient = await provider.Client.find(PUBLIC_CLIENT)
if (!publicClient) throw new Error('the public client is missing')

async function issue(client: NonNullable<typeof publicClient>) {
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: client.clientId })
  grant.addOIDCScope(`${USER_SCOPE} ${REFRESH_SCOPE}`)
  const grantId = await grant.save()
  const common = { accountId: ACCOUNT, client, grantId, gty: 'authorization_code' }
  const accessToken = new provider.AccessToken({ ...common, scope: USER_SCOPE } as never)
  const refreshToken = new provider.RefreshToken({ ...common, scope: REFRESH_SCOPE, authTime: 1, claims: {} } as never)
  return { accessToken: await accessToken.save(), refreshToken: await refreshToken.save() }
}

const tokens = await Promise.all(Array.from({ length: CHAINS }, () => issue(publicClient)))
const params = { client_id: PUBLIC_CLIENT, scope: USER_SCOPE }
const waiting = { client: publicClient, scope: USER_SCOPE, params, userCode: 'AAAABBBB' }
const deviceCode = await new provider.DeviceCode(waiting as never).save()

const server = createServer(provider.callback())
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const answer = { url, clientId: CLIENT, secret: SECRET, publicClientId: PUBLIC_CLIENT, tokens, deviceCode }
  console.log(JSON.stringify(answer))
})
