/** Style sheet, scripts, font and icons: exactly the files of the build, each at its own route. There are no folders. */
import { type StaticFile, staticFiles } from '../../views/assets'
import type { Context } from '../context'
import { namesEtag } from './etag'
import { dataHeaders } from './security-headers'
import { infrastructureSurface } from './surfaces/infrastructure'

export function staticFileRoutes(context: Context) {
  const app = infrastructureSurface(context)
  for (const file of staticFiles()) {
    const answer = createFileAnswer(context, file)
    app.get(file.path, ({ request }) => answer(request))
  }
  return app
}

interface Representation {
  /** A Blob is shared by all answers; bytes would be copied into each. */
  readonly body: Blob
  readonly etag: string
  readonly headers: Headers
}

/** Everything is prepared once; a request only chooses. */
function createFileAnswer({ settings }: Context, file: StaticFile): (request: Request) => Response {
  const { gzip, brotli, etag } = file
  const seconds = Math.floor(settings.STATIC_CACHE_MAX_AGE / 1000)
  const caching = file.immutable ? 'public, max-age=31536000, immutable' : seconds > 0 && `public, max-age=${seconds}`
  const varies = gzip !== undefined || brotli !== undefined

  const representation = (body: Uint8Array, encoding?: string): Representation => {
    // Each compressed form is a representation of its own (RFC 9110 §8.8.3.3).
    const own = encoding === undefined ? etag : `${etag.slice(0, -1)}-${encoding}"`
    const headers = new Headers({
      ...dataHeaders(settings),
      'Content-Type': file.contentType,
      ETag: own,
      ...(caching && { 'Cache-Control': caching }),
      ...(varies && { Vary: 'Accept-Encoding' }),
      ...(encoding !== undefined && { 'Content-Encoding': encoding }),
    })
    return { body: new Blob([new Uint8Array(body)]), etag: own, headers }
  }

  const plain = representation(file.body)
  const compressed = [
    ...(brotli ? [{ encoding: 'br', form: representation(brotli, 'br') }] : []),
    ...(gzip ? [{ encoding: 'gzip', form: representation(gzip, 'gzip') }] : []),
  ]

  return ({ headers }) => {
    const accepted = compressed.length > 0 ? headers.get('accept-encoding') : null
    const chosen = accepted === null ? undefined : compressed.find(({ encoding }) => accepts(accepted, encoding))
    const { body, etag: current, headers: own } = chosen?.form ?? plain
    const known = headers.get('if-none-match')
    if (known !== null && namesEtag(known, current)) return new Response(null, { status: 304, headers: own })
    return new Response(body, { headers: own })
  }
}

/** Whether `Accept-Encoding` names the encoding without forbidding it by `q=0` (RFC 9110 §12.5.3). */
export function accepts(header: string, encoding: string): boolean {
  for (const element of header.split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase())
    if (name === encoding) return !parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter))
  }
  return false
}
