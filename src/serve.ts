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
import { type ListeningSockets, openListeningSockets } from './listening-sockets'
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
  /**
   * The same while others serve the shared port: clients are sent to them first, and no connection is lost. Takes half
   * a second longer.
   */
  leave(limitMs: number): Promise<void>
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

/** One listener on the port; while a certificate is exchanged there are two. */
interface Part {
  readonly server: BunServer
  /** Every answer from now on asks the client to use another connection. */
  closing: boolean
  /** New connections go to the others that share the port; before they can, they wait a second. */
  refuseNew(): void
}

export interface ListenOptions {
  readonly name?: AddressSetting
  /** Whether other processes serve the same port. */
  readonly shared?: boolean
}

/** Throws `StartError`, which names the setting that says where to listen. */
export function listen(settings: ListenSettings, handler: Handler, log: Logger, options: ListenOptions = {}): Listener {
  const { name = 'SERVER_ADDR', shared = false } = options
  const wanted = listenAddress(settings[name])
  // A certificate is replaced by starting a second listener on the same port.
  const sockets = shared || settings.tls ? openListeningSockets() : undefined
  const first = bind(settings, settings.tls, wanted, { handler, name, sockets })
  const address = { hostname: wanted.hostname, port: first.server.port ?? wanted.port }
  /** Newest last; the others only finish what they had begun. */
  let parts = [first]
  let stopping = false

  const exchange = async (files: Settings['tls']) => {
    const next = bind(settings, files, address, { handler, name, sockets })
    const former = parts.filter(({ closing }) => !closing)
    parts = [...parts.filter((part) => !part.closing || isBusy(part)), next]
    await Promise.all(former.map((part) => takeOut(part, () => stopping)))
    log.info({ cert: settings.TLS_CERT_FILE }, 'TLS certificate reloaded')
  }

  return {
    address,
    reload: () => {
      if (stopping || !settings.tls) return
      const failed = (error: unknown) =>
        log.error({}, `TLS certificate not reloaded, the former one stays in use: ${(error as Error).message}`)
      try {
        const { files, warning } = loadTls(settings.TLS_CERT_FILE, settings.TLS_KEY_FILE, Date.now())
        if (warning) log.warn({}, warning)
        exchange(files).catch(failed)
      } catch (error) {
        failed(error)
      }
    },
    stop: (limitMs) => {
      stopping = true
      return stop(parts, limitMs)
    },
    leave: async (limitMs) => {
      await Promise.all(parts.filter(({ closing }) => !closing).map((part) => takeOut(part, () => stopping)))
      stopping = true
      await stop(parts, limitMs)
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

interface Binding {
  readonly handler: Handler
  readonly name: AddressSetting
  /** Present when the port is shared. */
  readonly sockets: ListeningSockets | undefined
}

function bind(
  settings: ListenSettings,
  tls: Settings['tls'],
  address: ListenAddress,
  { handler, name, sockets }: Binding,
): Part {
  const limitMs = requestLimit(settings)
  const state = { closing: false }
  const serve = () =>
    Bun.serve({
      port: address.port,
      hostname: address.hostname === '' ? undefined : address.hostname,
      reusePort: sockets !== undefined,
      tls: tlsOptions(tls),
      idleTimeout: IDLE_LIMIT_S,
      maxRequestBodySize: BODY_BACKSTOP_BYTES,
      development: false,
      fetch: (request, server) => {
        const made = handler(request, server.requestIP(request)?.address)
        const answer = state.closing ? made.then(asLast) : made
        if (BODILESS.has(request.method)) return answer
        const limit = limitMs(request.url)
        if (limit > IDLE_LIMIT_S * 1000) server.timeout(request, Math.ceil(limit / 1000))
        return withinLimit(answer, limit)
      },
      error: () => new Response(null, { status: 500 }),
    })
  try {
    const { bound: server, refuseNew = () => {} } = sockets?.whileBinding(serve) ?? { bound: serve() }
    return Object.assign(state, { server, refuseNew })
  } catch (error) {
    throw listenError(address, error, name)
  }
}

/** The client opens another connection for its next request. */
function asLast(response: Response): Response {
  response.headers.set('Connection', 'close')
  return response
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

async function stop(parts: readonly Part[], limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  for (const part of parts) close(part)
  while (parts.some(isBusy) && performance.now() < deadline) await Bun.sleep(DRAIN_PAUSE_MS)
  const running = parts.reduce((sum, { server }) => sum + server.pendingRequests, 0)
  await Promise.all(parts.map(({ server }) => server.stop(true)))
  if (running > 0) throw new Error(`${running} requests did not finish within SERVER_SHUTDOWN_TIMEOUT`)
}

const isBusy = ({ server }: Part): boolean => server.pendingRequests > 0

/** Not waited for: the promise resolves only after clients that never finish their headers went away. */
const close = ({ server }: Part): void => void server.stop(false)

/** Connections in use get an answer that ends them. */
const LAST_ANSWERS_MS = 300
/** Connections that are being opened, TLS included, come to their first request. */
const OPENING_MS = 250

/** Clients are sent to the others that share the port, then this part closes. With `hurry` it leaves that out. */
async function takeOut(part: Part, hurry: () => boolean): Promise<void> {
  part.closing = true
  await Bun.sleep(LAST_ANSWERS_MS)
  if (hurry()) return
  part.refuseNew()
  await Bun.sleep(OPENING_MS)
  if (!hurry()) close(part)
}

const remedies = (name: AddressSetting): Readonly<Record<string, string>> => ({
  EADDRINUSE: `address already in use; stop the process that listens there, or set ${name} to another port`,
  EACCES: `permission denied; ports below 1024 need CAP_NET_BIND_SERVICE; set ${name} to another port`,
  EADDRNOTAVAIL: `this machine has no such address; correct the host in ${name}`,
})

function listenError(address: ListenAddress, error: unknown, name: AddressSetting): StartError {
  const code = String((error as { code?: unknown }).code ?? (error as Error).name)
  return new StartError(`listen tcp ${addressText(address)}: ${remedies(name)[code] ?? `${code}; check ${name}`}`)
}
