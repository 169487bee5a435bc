/** Who answers: this server at its public address, its certificate, and the servers that people sign in through. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { Settings } from '../config/settings'
import type { Clock } from '../context'
import { skewFinding } from './clock-skew'
import { type Finding, fail, ok, warn } from './finding'

const LIMIT_MS = 5_000
const DAY_MS = 24 * 3_600_000
const SOON_DAYS = 14
/** `Date` has whole seconds. */
const DATE_GRAIN_MS = 1_000

export async function lookAtNetwork(settings: Settings, clock: Clock): Promise<Finding[]> {
  const groups = await Promise.all([
    publicAddress(settings, clock),
    certificate(settings, clock),
    ...providersOf(settings).map(([name, url]) => provider(name, url, clock)),
  ])
  return groups.flat()
}

async function publicAddress(settings: Settings, clock: Clock): Promise<Finding[]> {
  const part = 'public address'
  const answer = await ask(`${settings.issuer}/health`, clock)
  if ('reason' in answer)
    return [
      warn(
        part,
        `${settings.issuer} does not answer: ${answer.reason}`,
        'start the server, or check BASE_URL, its name and the proxy',
      ),
    ]
  const body = answer.body
  const isOurs = body.includes('"database":"connected"')
  return [
    isOurs
      ? ok(part, `${settings.issuer}/health says healthy`)
      : fail(
          part,
          `${settings.issuer}/health answered ${answer.status}`,
          'let BASE_URL lead to this server, path included',
        ),
    ...answer.clock('the public address'),
  ]
}

interface Answer {
  readonly status: number
  readonly body: string
  clock(name: string): Finding[]
}

async function ask(url: string, clock: Clock): Promise<Answer | { readonly reason: string }> {
  const before = clock.now()
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(LIMIT_MS) })
    const body = (await response.text()).slice(0, 1_000)
    const date = Date.parse(response.headers.get('date') ?? '')
    const middle = (before + clock.now()) / 2
    return {
      status: response.status,
      body,
      clock: (name) =>
        Number.isNaN(date) ? [] : [skewFinding(name, date + DATE_GRAIN_MS / 2 - middle, DATE_GRAIN_MS / 2)],
    }
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string }
    return { reason: name === 'TimeoutError' ? `no answer within ${LIMIT_MS / 1_000} s` : (code ?? name ?? 'error') }
  }
}

/** The certificate that visitors get, whoever in front of this server has it. */
async function certificate(settings: Settings, clock: Clock): Promise<Finding[]> {
  const part = 'certificate'
  const { protocol, hostname, port } = new URL(settings.origin)
  if (protocol !== 'https:')
    return settings.production ? [fail(part, 'BASE_URL is not https', 'serve it by TLS and correct BASE_URL')] : []
  const host = hostname.replace(/^\[|\]$/g, '')
  const found = await handshake(host, port === '' ? 443 : Number(port))
  if ('reason' in found) return [warn(part, `no TLS at ${host}: ${found.reason}`, 'check the proxy, or TLS_CERT_FILE')]
  const ends = Date.parse(found.validTo)
  const days = Math.floor((ends - clock.now()) / DAY_MS)
  const until = Number.isNaN(ends) ? 'an unknown day' : new Date(ends).toISOString().slice(0, 10)
  if (days < 0) return [fail(part, `it expired on ${until}`, 'renew it')]
  if (found.distrust !== undefined)
    return [
      fail(part, `it is not trusted: ${found.distrust}`, 'serve the whole chain, leaf first, for the name in BASE_URL'),
    ]
  const text = `it is trusted and valid until ${until}`
  return [days < SOON_DAYS ? warn(part, text, 'renew it') : ok(part, text)]
}

function handshake(
  host: string,
  port: number,
): Promise<{ readonly validTo: string; readonly distrust?: string } | { readonly reason: string }> {
  return new Promise((resolve) => {
    // Certificates of addresses are asked for without a name.
    const named = isIP(host) ? {} : { servername: host }
    const socket = connect({ host, port, ...named, rejectUnauthorized: false, timeout: LIMIT_MS })
    const end = (result: Parameters<typeof resolve>[0]) => {
      socket.destroy()
      resolve(result)
    }
    socket.once('secureConnect', () => {
      const { valid_to: validTo } = socket.getPeerCertificate()
      const problem = socket.authorizationError as { code?: string } | string | null
      const distrust = socket.authorized ? undefined : String((problem as { code?: string } | null)?.code ?? problem)
      end({ validTo, ...(distrust !== undefined && { distrust }) })
    })
    socket.once('timeout', () => end({ reason: `no answer within ${LIMIT_MS / 1_000} s` }))
    socket.once('error', (error) => end({ reason: (error as { code?: string }).code ?? 'error' }))
  })
}

/** The address that says most of every provider that is switched on. */
function providersOf(settings: Settings): [name: string, url: string][] {
  const discovery = (base: string) => `${base.replace(/\/$/, '')}/.well-known/openid-configuration`
  const providers: [enabled: boolean, name: string, url: string][] = [
    [settings.GITHUB_OAUTH_ENABLED, 'GitHub', settings.GITHUB_URL],
    [settings.GITEA_OAUTH_ENABLED, 'Gitea', settings.GITEA_URL],
    [settings.GITLAB_OAUTH_ENABLED, 'GitLab', discovery(settings.GITLAB_URL || 'https://gitlab.com')],
    [
      settings.MICROSOFT_OAUTH_ENABLED,
      'Microsoft',
      discovery(`${settings.MICROSOFT_LOGIN_URL}/${settings.MICROSOFT_TENANT_ID}/v2.0`),
    ],
    [settings.OIDC_OAUTH_ENABLED, settings.OIDC_DISPLAY_NAME, discovery(settings.OIDC_ISSUER)],
  ]
  return providers.flatMap(([enabled, name, url]) => (enabled ? [[name, url]] : []))
}

async function provider(name: string, url: string, clock: Clock): Promise<Finding[]> {
  const part = 'sign-in provider'
  const { host, hostname } = new URL(url)
  const resolved = await lookup(hostname.replace(/^\[|\]$/g, '')).then(
    () => true,
    () => false,
  )
  if (!resolved) return [fail(part, `${name}: the name ${host} is not known`, 'check its address and the name service')]
  const answer = await ask(url, clock)
  if ('reason' in answer)
    return [
      fail(part, `${name} at ${host} does not answer: ${answer.reason}`, 'open the way to it, or check its address'),
    ]
  if (answer.status >= 400 && url.includes('/.well-known/'))
    return [fail(part, `${name} at ${host} has no discovery document (${answer.status})`, 'check its address')]
  return [ok(part, `${name} at ${host} answers`), ...answer.clock(name)]
}
