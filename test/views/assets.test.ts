import { expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { assetUrl, staticFiles } from '../../views/assets'

const files = staticFiles()
const file = (pattern: RegExp) => files.find(({ path }) => pattern.test(path))

test('style sheet and scripts have names that change with their content, and may be kept for good', () => {
  expect(file(/^\/static\/dist\/main-[0-9a-f]{8}\.css$/)?.immutable).toBe(true)
  expect(file(/^\/static\/dist\/main-[0-9a-f]{8}\.js$/)?.immutable).toBe(true)
  expect(file(/^\/favicon\.ico$/)).toMatchObject({ immutable: false, contentType: 'image/x-icon' })
})

test('compressed forms hold the same bytes', () => {
  for (const { body, gzip, brotli } of files) {
    if (gzip !== undefined) expect(Buffer.from(gunzipSync(gzip))).toEqual(Buffer.from(body))
    if (brotli !== undefined) expect(Buffer.from(brotliDecompressSync(brotli))).toEqual(Buffer.from(body))
  }
  expect(file(/main-.*css$/)?.brotli).toBeDefined()
})

test('entity tags are strong, quoted and different', () => {
  for (const { etag } of files) expect(etag).toMatch(/^"[\w-]{22}"$/)
  expect(new Set(files.map(({ etag }) => etag)).size).toBe(files.length)
})

test('all of it together stays far below 150 kB compressed', () => {
  const sent = files.reduce((sum, { body, brotli }) => sum + (brotli ?? body).length, 0)
  expect(sent).toBeLessThan(80_000)
})

test('nothing is fetched from another host', () => {
  for (const { body, contentType } of files) {
    if (!/css|javascript/.test(contentType)) continue
    expect(Buffer.from(body).toString()).not.toMatch(/url\(["']?(?:https?:)?\/\/|@import|sourceMappingURL/)
  }
})

test('addresses of assets start with the path of BASE_URL', () => {
  expect(assetUrl({ basePath: '/auth' }, 'main.css')).toStartWith('/auth/static/dist/main-')
})
