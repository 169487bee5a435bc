/** Style sheet, scripts, font and icons of the pages, built by `scripts/assets` and embedded in the executable. */
import { createHash } from 'node:crypto'
import { files } from './assets/generated/files'
import { paths } from './assets/generated/paths'
import type { PageFrame } from './frame'

export interface StaticFile {
  /** Without the path of BASE_URL. */
  readonly path: string
  readonly contentType: string
  readonly body: Uint8Array
  /** Compressed forms; absent where compressing gains nothing. */
  readonly gzip?: Uint8Array
  readonly brotli?: Uint8Array
  /** Strong, quoted, of the uncompressed body. A compressed form is another representation and needs its own. */
  readonly etag: string
  /** The name carries a hash of the content, so the content never changes. */
  readonly immutable: boolean
}

export type AssetName = keyof typeof paths

const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

export function staticFiles(): readonly StaticFile[] {
  return files.map(({ path, contentType, immutable, body, gzip, brotli }) => {
    const bytes = decode(body)
    return {
      path,
      contentType,
      immutable,
      body: bytes,
      ...(gzip !== undefined && { gzip: decode(gzip) }),
      ...(brotli !== undefined && { brotli: decode(brotli) }),
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    }
  })
}

/** Where the browser finds an asset. */
export const assetUrl = (frame: Pick<PageFrame, 'basePath'>, name: AssetName): string => frame.basePath + paths[name]
