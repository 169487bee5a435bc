/**
 * The listener: address, TLS, time limits, reload of certificates, and the end of it.
 *
 * Time limits: a request's headers must arrive within 10 seconds, which Bun enforces by itself (to its clock of four
 * seconds) however slowly they drip; the body and its answer within 30; an idle connection closes after 120.
 */
import type { Settings } from './config/settings'
import { loadTls } from './config/tls'
import type { Logger } from './context'
import { addressText, type ListenAddress, listenAddress } from './listen-address'
import { requestLimit } from './request-limit'
import type { Handler } from './server'
import { StartError } from './start-error'

export interface Listener {
  /** What is really bound: the port is never 0. */
  readonly address: ListenAddress
  /** Reads the certificate files again and serves new connections with them. Never throws: bad files change nothing. */
  reload(): void
  /**
   * Refuses new connections, waits for running requests, closes. Throws when requests are still running after
   * `limitMs` milliseconds; they are cut then.
   */
  stop(limitMs: number): Promise<void>
}

type AddressSetting = 'SERVER_ADDR' | 'METRICS_ADDR'
type ListenSettings = Pick<
  Settings,
  AddressSetting | 'TLS_CERT_FILE' | 'TLS_KEY_FILE' | 'tls' | 'AUTH_MODE' | 'HTTP_API_TIMEOUT'
>
type BunServer = Bun.Server<undefined>

/** Longer than a proxy keeps its idle connections, so that it is never the server that closes one in use. */
const IDLE_LIMIT_S = 120
/**
 * What the connection takes at all. The limit for bodies is far below and is enforced by the handler, whose refusal
 * has the form its endpoint speaks.
 */
const BODY_BACKSTOP_BYTES = 8 * 1024 * 1024
const TLS_1_2 = 0x0303
/** Methods whose handlers read no body. */
const BODILESS = new Set(['GET', 'HEAD'])

/** Throws `StartError`, which names the setting that says where to listen. */
export function listen(
  settings: ListenSettings,
  handler: Handler,
  log: Logger,
  name: AddressSetting = 'SERVER_ADDR',
): Listener {
  const wanted = listenAddress(settings[name])
  const first = bind(settings, settings.tls, wanted, handler, name)
  const address = { hostname: wanted.hostname, port: first.port ?? wanted.port }
  /** Newest last; the others only finish what they had begun. */
  let servers = [first]
  let stopping = false

  return {
    address,
    reload: () => {
      if (stopping || !settings.tls) return
      try {
        const { files, warning } = loadTls(settings.TLS_CERT_FILE, settings.TLS_KEY_FILE, Date.now())
        if (warning) log.warn({}, warning)
        const next = bind(settings, files, address, handler, name)
        for (const former of servers) refuseNew(former)
        servers = [...servers.filter(isBusy), next]
        log.info({ cert: settings.TLS_CERT_FILE }, 'TLS certificate reloaded')
      } catch (error) {
        log.error({}, `TLS certificate not reloaded, the former one stays in use: ${(error as Error).message}`)
      }
    },
    stop: (limitMs) => {
      stopping = true
      return stop(servers, limitMs)
    },
  }
}

/**
 * Throws `StartError` when the address cannot be had. Also finds a process that shares its port, which a listener
 * that shares its own would join instead of failing.
 */
export function requireFreeAddress(settings: Pick<Settings, AddressSetting>, name: AddressSetting): void {
  const wanted = listenAddress(settings[name])
  try {
    Bun.listen({ hostname: wanted.hostname || '0.0.0.0', port: wanted.port, socket: { data() {} } }).stop(true)
  } catch (error) {
    throw listenError(wanted, error, name)
  }
}

function bind(
  settings: ListenSettings,
  tls: Settings['tls'],
  address: ListenAddress,
  handler: Handler,
  name: AddressSetting,
): BunServer {
  const limitMs = requestLimit(settings)
  try {
    return Bun.serve({
      port: address.port,
      hostname: address.hostname === '' ? undefined : address.hostname,
      // A certificate is replaced by starting a second listener on the same port.
      reusePort: tls !== undefined,
      tls: tlsOptions(tls),
      idleTimeout: IDLE_LIMIT_S,
      maxRequestBodySize: BODY_BACKSTOP_BYTES,
      development: false,
      fetch: (request, server) => {
        const answer = handler(request, server.requestIP(request)?.address)
        if (BODILESS.has(request.method)) return answer
        const limit = limitMs(request.url)
        if (limit > IDLE_LIMIT_S * 1000) server.timeout(request, Math.ceil(limit / 1000))
        return withinLimit(answer, limit)
      },
      error: () => new Response(null, { status: 500 }),
    })
  } catch (error) {
    throw listenError(address, error, name)
  }
}

// A number, as OpenSSL counts versions; Bun's types do not know the option.
const tlsOptions = (files: Settings['tls']) => files && { ...files, minVersion: TLS_1_2 }

/** Somebody who sends a byte every few seconds would occupy a connection for hours. */
function withinLimit(answer: Promise<Response>, limitMs: number): Promise<Response> {
  return new Promise((resolve) => {
    const late = () => resolve(new Response(null, { status: 408, headers: { Connection: 'close' } }))
    const timer = setTimeout(late, limitMs)
    void answer.then((response) => {
      clearTimeout(timer)
      resolve(response)
    })
  })
}

const DRAIN_PAUSE_MS = 10

async function stop(servers: readonly BunServer[], limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  for (const server of servers) refuseNew(server)
  while (servers.some(isBusy) && performance.now() < deadline) await Bun.sleep(DRAIN_PAUSE_MS)
  const running = servers.reduce((sum, server) => sum + server.pendingRequests, 0)
  await Promise.all(servers.map((server) => server.stop(true)))
  if (running > 0) throw new Error(`${running} requests did not finish within SERVER_SHUTDOWN_TIMEOUT`)
}

const isBusy = (server: BunServer): boolean => server.pendingRequests > 0

/** Not waited for: the promise resolves only after clients that never finish their headers went away. */
const refuseNew = (server: BunServer): void => void server.stop(false)

const remedies = (name: AddressSetting): Readonly<Record<string, string>> => ({
  EADDRINUSE: `address already in use; stop the process that listens there, or set ${name} to another port`,
  EACCES: `permission denied; ports below 1024 need CAP_NET_BIND_SERVICE; set ${name} to another port`,
  EADDRNOTAVAIL: `this machine has no such address; correct the host in ${name}`,
})

function listenError(address: ListenAddress, error: unknown, name: AddressSetting): StartError {
  const code = String((error as { code?: unknown }).code ?? (error as Error).name)
  return new StartError(`listen tcp ${addressText(address)}: ${remedies(name)[code] ?? `${code}; check ${name}`}`)
}
