/** `authgate healthcheck`: asks the server of this configuration, for container probes and service managers. */
import { ConfigurationError, type Environment, loadConfiguration } from '../config/load'
import type { Settings } from '../config/settings'
import { listenAddress } from '../listen-address'
import { reportProblems } from './check'
import type { Output } from './output'

const LIMIT_MS = 2_000

/** Exit code: 0 when `/health` answers 200 in time. */
export async function healthcheck(env: Environment, cwd: string, output: Output, json = false): Promise<number> {
  let settings: Settings
  try {
    settings = loadConfiguration({ env, cwd, write: false }).settings
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    if (json) output.out(JSON.stringify({ healthy: false, problems: error.problems }))
    else reportProblems(error, output)
    return 1
  }
  const url = healthUrl(settings)
  const answer = await ask(url)
  const healthy = answer === 200
  if (json) output.out(JSON.stringify({ healthy, url, ...(typeof answer === 'number' ? { status: answer } : answer) }))
  else if (healthy) output.out('healthy')
  else if (typeof answer === 'number') output.error(`unhealthy: ${url} answered ${answer}`)
  else output.error(`unhealthy: ${url}: ${answer.reason}`)
  return healthy ? 0 : 1
}

/** The status, or why there was no answer. */
async function ask(url: string): Promise<number | { readonly reason: string }> {
  // A proxy of the environment is for the world outside.
  process.env.NO_PROXY = '*'
  try {
    // The certificate is the server's own, made out for another name than the loopback; nothing secret is sent.
    const { status } = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(LIMIT_MS),
      tls: { rejectUnauthorized: false },
    })
    return status
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string }
    return { reason: name === 'TimeoutError' ? `no answer within ${LIMIT_MS / 1000} s` : (code ?? name ?? 'no answer') }
  }
}

/** Where the server listens, seen from the same machine. */
function healthUrl(settings: Settings): string {
  const { hostname, port } = listenAddress(settings.SERVER_ADDR)
  const host = REACHED_AS[hostname] ?? hostname
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return `${settings.tls ? 'https' : 'http'}://${authority}${settings.basePath}/health`
}

/** Addresses that mean every interface are no addresses to connect to. */
const REACHED_AS: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }
