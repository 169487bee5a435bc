import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { accepts } from '../../src/edge/static-files'
import { staticFiles } from '../../views/assets'
import { openTestApp, type TestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await openTestApp()
})
afterAll(() => app.close())

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())
const bundle = staticFiles().find(({ path, brotli, gzip }) => path.endsWith('.css') && brotli && gzip)
if (!bundle) throw new Error('the build has no compressed style sheet')

describe('static files', () => {
  test('every file of the build is served as it is, with its type', async () => {
    for (const file of staticFiles()) {
      const response = await app.get(file.path)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, file.contentType])
      expect((await bytesOf(response)).equals(Buffer.from(file.body))).toBe(true)
    }
  })

  test('hashed names are kept for a year, others for STATIC_CACHE_MAX_AGE', async () => {
    for (const { path, immutable } of staticFiles()) {
      const expected = immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=86400'
      expect((await app.get(path)).headers.get('cache-control')).toBe(expected)
    }
    const brief = await openTestApp({ settings: { STATIC_CACHE_MAX_AGE: '0s' } })
    expect((await brief.get('/favicon.ico')).headers.get('cache-control')).toBeNull()
    expect((await brief.get(bundle.path)).headers.get('cache-control')).toContain('immutable')
    await brief.close()
  })

  test('the best accepted encoding is sent, each with an entity tag of its own', async () => {
    const get = (encodings: string) => app.get(bundle.path, { headers: { 'accept-encoding': encodings } })
    const [brotli, gzip, plain] = [await get('gzip, deflate, br, zstd'), await get('gzip'), await get('deflate')]
    expect(brotli.headers.get('content-encoding')).toBe('br')
    expect(gzip.headers.get('content-encoding')).toBe('gzip')
    expect(plain.headers.get('content-encoding')).toBeNull()
    const body = Buffer.from(bundle.body)
    expect(brotliDecompressSync(await bytesOf(brotli)).equals(body)).toBe(true)
    expect(gunzipSync(await bytesOf(gzip)).equals(body)).toBe(true)
    const tags = [brotli, gzip, plain].map(({ headers }) => headers.get('etag'))
    expect(new Set(tags).size).toBe(3)
    for (const { headers } of [brotli, gzip, plain]) expect(headers.get('vary')).toBe('Accept-Encoding')
  })

  test('Accept-Encoding is read by its rules (RFC 9110 §12.5.3)', () => {
    expect(accepts('gzip;q=0.5, BR', 'br')).toBe(true)
    expect(accepts('br;q=0', 'br')).toBe(false)
    expect(accepts('br; q=0.000', 'br')).toBe(false)
    expect(accepts('xbr, brx', 'br')).toBe(false)
    expect(accepts('', 'br')).toBe(false)
  })

  test('a known entity tag is answered 304 without a body (RFC 9110 §13.1.2)', async () => {
    const etag = (await app.get('/favicon.ico')).headers.get('etag') ?? ''
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const response = await app.get('/favicon.ico', { headers: { 'if-none-match': known } })
      expect([response.status, (await bytesOf(response)).length]).toEqual([304, 0])
      expect(response.headers.get('etag')).toBe(etag)
    }
    const stale = await app.get('/favicon.ico', { headers: { 'if-none-match': '"other"' } })
    expect(stale.status).toBe(200)
    const encoded = { 'if-none-match': etag, 'accept-encoding': 'br' }
    expect((await app.get(bundle.path, { headers: encoded })).status).toBe(200)
  })

  test('HEAD is GET without the body', async () => {
    const head = await app.get(bundle.path, { method: 'HEAD' })
    expect([head.status, (await bytesOf(head)).length]).toEqual([200, 0])
    expect(head.headers.get('content-length')).toBe(String(bundle.body.length))
  })

  test('there are no listings, no other files and no way out of the folder', async () => {
    const paths = ['/static', '/static/', '/static/dist', '/static/dist/', '/static/main.css', '/static/dist/none.css']
    const escapes = ['/static/%2e%2e/.env', '/static/..%2f.env', '/static/dist/%2e%2e%2f%2e%2e%2fpackage.json']
    for (const path of [...paths, ...escapes]) {
      const response = await app.get(path)
      expect(response.status).toBe(404)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
  })
})
