/** The same work done by another server of the same protocols, for the endpoints that both have. */
import { join } from 'node:path'
import { basicHeader, type Figures, form, measure, refreshScript } from './wrk'

interface PeerFacts {
  url: string
  clientId: string
  secret: string
  publicClientId: string
  tokens: { accessToken: string; refreshToken: string }[]
  deviceCode: string
}

export interface Peer {
  /** By the name of the row it stands beside. */
  readonly runs: Readonly<Record<string, () => Promise<Figures>>>
  stop(): Promise<void>
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export async function startPeer(seconds: number, rounds: number): Promise<Peer> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'peer-server.ts')], {
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const facts = await readFacts(child.stdout)
  return {
    runs: peerRuns(facts, seconds, rounds),
    stop: async () => {
      child.kill()
      await child.exited
    },
  }
}

/** Before its facts it prints remarks about its configuration. */
async function readFacts(stdout: ReadableStream<Uint8Array>): Promise<PeerFacts> {
  const decoder = new TextDecoder()
  let printed = ''
  for await (const chunk of stdout) {
    printed += decoder.decode(chunk, { stream: true })
    const line = printed.split('\n').find((text) => text.startsWith('{') && text.endsWith('}'))
    if (line !== undefined) return JSON.parse(line)
  }
  throw new Error(`the other server did not start: ${printed}`)
}

function peerRuns(facts: PeerFacts, seconds: number, rounds: number): Peer['runs'] {
  const { url, publicClientId: client_id, deviceCode: device_code } = facts
  const credentials = basicHeader(facts.clientId, facts.secret)
  const token = facts.tokens[0]?.accessToken ?? ''
  const post = (path: string, script: string, statuses = [200]) =>
    measure({ url: url + path, script, seconds, statuses })
  const chainsPerRound = Math.floor(facts.tokens.length / rounds)
  let chainsUsed = 0
  return {
    metadata: () => measure({ url: `${url}/.well-known/openid-configuration`, script: '', seconds }),
    'device code request': () => post('/device/auth', form({ client_id, scope: 'openid' })),
    'device poll': () => post('/token', form({ grant_type: DEVICE_GRANT, client_id, device_code }), [400]),
    userinfo: () => measure({ url: `${url}/me`, script: `wrk.headers["Authorization"] = "Bearer ${token}"`, seconds }),
    'introspection of a live token': () => post('/token/introspection', `${form({ token })}\n${credentials}`),
    'client_credentials (HS256)': () =>
      post('/token', `${form({ grant_type: 'client_credentials', scope: 'read' })}\n${credentials}`),
    'refresh with rotation': () => {
      const chains = facts.tokens.slice(chainsUsed, chainsUsed + chainsPerRound)
      chainsUsed += chainsPerRound
      const refreshTokens = chains.map(({ refreshToken }) => refreshToken)
      return post('/token', refreshScript(client_id, refreshTokens))
    },
  }
}
