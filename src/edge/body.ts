/** Reading request bodies, never more than the limit. */

/** Of every body this server reads. */
export const BODY_LIMIT = 64 * 1024

export class BodyTooLarge extends Error {}

/** The media type without parameters, in lower case; empty when there is none. */
export function mediaType(request: Request): string {
  const header = request.headers.get('content-type')
  if (header === null) return ''
  const semicolon = header.indexOf(';')
  return (semicolon === -1 ? header : header.slice(0, semicolon)).trim().toLowerCase()
}

/** The body as text; bytes that are not UTF-8 become U+FFFD. Throws `BodyTooLarge`. */
export async function readText(request: Request): Promise<string> {
  if (announcedSize(request) !== undefined) return request.text()
  return new TextDecoder().decode(await collect(request))
}

/** Throws `BodyTooLarge`. */
export async function readBytes(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (announcedSize(request) !== undefined) return new Uint8Array(await request.arrayBuffer())
  return collect(request)
}

/** The size the sender announced; the connection delivers no more than that. */
function announcedSize(request: Request): number | undefined {
  const header = request.headers.get('content-length')
  if (header === null) return undefined
  const size = Number(header)
  // Checked before a byte is read, so that nothing large is ever held.
  if (!(size <= BODY_LIMIT)) throw new BodyTooLarge('body too large')
  return size
}

/** A body of unknown size is counted while it comes in. */
async function collect(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (request.body) {
    for await (const chunk of request.body) {
      size += chunk.byteLength
      if (size > BODY_LIMIT) throw new BodyTooLarge('body too large')
      chunks.push(chunk)
    }
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
