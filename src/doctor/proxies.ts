/** What the proxies in front of a running server tell it of a visitor, and whether it may believe them. */
import { systemRandom } from '../clock'
import type { Settings } from '../config/settings'
import { createAddressReader, normaliseAddress } from '../edge/client-address'
import { deriveSecrets } from '../secrets'
import { ECHO_HEADER, echoQuestion, type Seen } from './echo'
import { type Finding, fail, ok, warn } from './finding'

const PART = 'proxy headers'
const LIMIT_MS = 5_000
/** Nobody has this address (RFC 5737); a proxy that lets a visitor choose his own is found out by it. */
const NOBODY = '192.0.2.77'
const FORWARDED_FOR = 'x-forwarded-for'

/** Asks by `BASE_URL`, as a visitor would. Says nothing when nothing of this kind answers there. */
export async function lookAtProxies(settings: Settings): Promise<Finding[]> {
  const honest = await ask(settings, {})
  if (honest === undefined) return []
  if (honest === 'not told') return [stranger()]
  const { peer, headers } = honest
  if (headers[FORWARDED_FOR] === undefined && headers['x-real-ip'] === undefined)
    return [nothingArrives(settings, honest)]
  if (!honest.trusted)
    return [
      warn(
        PART,
        `from ${peer}, which is not trusted: ${namesOf(honest)}; everybody has the address ${peer}`,
        `add ${peer} to TRUSTED_PROXIES`,
      ),
    ]
  const forged = await ask(settings, { [FORWARDED_FOR]: NOBODY, 'x-real-ip': NOBODY })
  if (forged === undefined || forged === 'not told') return [ok(PART, told(honest))]
  return [believable(settings, honest, forged)]
}

const stranger = (): Finding =>
  warn(
    PART,
    'the server does not tell what arrives: it has another SESSION_SECRET, is of an older version, or a proxy takes the question off',
    'run doctor with the settings of the server, SESSION_SECRET and folder included',
  )

function nothingArrives({ origin, tls }: Settings, { peer, headers }: Seen): Finding {
  const other = headers.forwarded === undefined ? '' : ', but Forwarded, which is not read'
  const text = `the server sees ${peer}, and no X-Forwarded-For${other}`
  const behindProxy = other !== '' || headers.via !== undefined || (origin.startsWith('https:') && !tls)
  return behindProxy
    ? warn(
        PART,
        `${text}: everybody has that address`,
        'let the proxy set X-Forwarded-For to the address of the client',
      )
    : ok(PART, text)
}

function believable({ TRUSTED_PROXIES }: Settings, honest: Seen, forged: Seen): Finding {
  if (forged.client !== NOBODY) return ok(PART, told(honest))
  const hops = (forged.headers[FORWARDED_FOR] ?? '').split(',').map(normaliseAddress)
  const addresses = createAddressReader(TRUSTED_PROXIES)
  const added = hops.slice(hops.lastIndexOf(NOBODY) + 1)
  // The proxy added the address of this machine, whose word counts because it is a trusted one itself.
  if (added.length > 0 && added.every((hop) => addresses.peer(hop).trusted))
    return ok(PART, `${told(honest)}; the proxy adds to what it is sent, so nobody else may be in TRUSTED_PROXIES`)
  return fail(
    PART,
    `a visitor chooses the address he is known by: ${honest.peer} passes on the X-Forwarded-For that it is sent`,
    'let the proxy overwrite X-Forwarded-For with the address of the client',
  )
}

const told = (seen: Seen): string => `from ${seen.peer}, trusted: ${namesOf(seen)}; the client is ${seen.client}`

const NAMES: Readonly<Record<string, string>> = { [FORWARDED_FOR]: 'X-Forwarded-For', 'x-real-ip': 'X-Real-IP' }

/** Of the headers about addresses, then the others, as they are usually written. */
function namesOf({ headers }: Seen): string {
  const written = (name: string) => NAMES[name] ?? name.replace(/(^|-)./g, (start) => start.toUpperCase())
  const names = Object.keys(headers).filter((name) => name !== 'host')
  return names.map(written).join(', ')
}

/** Undefined: no healthy server of this kind answers. */
async function ask(settings: Settings, headers: Record<string, string>): Promise<Seen | 'not told' | undefined> {
  const question = echoQuestion(deriveSecrets(settings), systemRandom)
  try {
    const response = await fetch(`${settings.issuer}/health`, {
      headers: { ...headers, [ECHO_HEADER]: question.header },
      redirect: 'manual',
      signal: AbortSignal.timeout(LIMIT_MS),
    })
    const body: unknown = await response.json()
    if (!isHealth(body)) return undefined
    return (body.seen === undefined ? undefined : question.read(body.seen)) ?? 'not told'
  } catch {
    // Why it does not answer is said of the public address.
    return undefined
  }
}

const isHealth = (body: unknown): body is { readonly database: string; readonly seen?: string } =>
  typeof body === 'object' &&
  body !== null &&
  'database' in body &&
  (!('seen' in body) || typeof body.seen === 'string')
