/** Serves sample pages with the real assets under the policy that pages are sent with. */
import { staticFiles } from '../../views/assets'
import type { Sample } from './samples'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface SampleServer {
  readonly url: string
  /** What `/device/status` answers from now on. */
  deviceState: string
  /** Paths of everything the browser asked for. */
  readonly requested: string[]
  stop(): Promise<void>
}

export function serveSamples(samples: readonly Sample[]): SampleServer {
  const pages = new Map(samples.map(({ name, html }) => [`/pages/${name}`, html]))
  const files = new Map(staticFiles().map((file) => [file.path, file]))
  const state = { deviceState: 'waiting', requested: [] as string[] }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url)
      state.requested.push(pathname)
      const page = pages.get(pathname)
      if (page !== undefined) {
        return new Response(page, {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': POLICY,
            'x-content-type-options': 'nosniff',
          },
        })
      }
      const file = files.get(pathname)
      if (file !== undefined) {
        const { body, brotli, contentType } = file
        const headers = { 'content-type': contentType, 'x-content-type-options': 'nosniff' }
        if (brotli === undefined) return new Response(new Uint8Array(body), { headers })
        return new Response(new Uint8Array(brotli), { headers: { ...headers, 'content-encoding': 'br' } })
      }
      if (pathname === '/device/status') return Response.json({ state: state.deviceState })
      return new Response('not found', { status: 404 })
    },
  })
  return Object.assign(state, { url: server.url.origin, stop: () => server.stop(true) })
}
