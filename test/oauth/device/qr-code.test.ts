/** GET /device/qr, read back with a decoder as a phone would. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import jsQR from 'jsqr'
import { openTestApp, type TestApp } from '../../support/app'

const PIXELS_PER_MODULE = 4

/** Draws rows of modules (true = dark) and reads the code in the picture. */
function readModules(rows: boolean[][]): string | undefined {
  const width = (rows[0]?.length ?? 0) * PIXELS_PER_MODULE
  const height = rows.length * PIXELS_PER_MODULE
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const dark = rows[Math.floor(y / PIXELS_PER_MODULE)]?.[Math.floor(x / PIXELS_PER_MODULE)]
      pixels.set(dark ? [0, 0, 0, 255] : [255, 255, 255, 255], (y * width + x) * 4)
    }
  }
  return jsQR(pixels, width, height)?.data
}

/** A terminal shows each character as two modules, one above the other; blocks are light on its dark ground. */
function modulesOfText(text: string): boolean[][] {
  const lines = text.split('\n').filter((line) => /^[█▀▄ ]+$/.test(line))
  return lines.flatMap((line) => [
    [...line].map((block) => block === ' ' || block === '▄'),
    [...line].map((block) => block === ' ' || block === '▀'),
  ])
}

describe('GET /device/qr', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: { BASE_URL: 'https://id.example.com/auth' } })
  })
  afterAll(() => app.close())

  const address = 'https://id.example.com/auth/device?user_code=WDJB-MJHT'

  test('draws the verification address for terminals (RFC 8628 §3.3.1)', async () => {
    const answer = await app.get('/auth/device/qr?user_code=wdjbmjht')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('set-cookie')).toBeNull()
    const text = await answer.text()
    expect(readModules(modulesOfText(text))).toBe(address)
    expect(text.trimEnd().endsWith(address)).toBe(true)
  })

  test('draws it as a picture for screens', async () => {
    const answer = await app.get('/auth/device/qr?user_code=WDJB-MJHT&format=svg')
    expect(answer.headers.get('content-type')).toBe('image/svg+xml')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await answer.text()).toStartWith('<svg')
  })

  test.each(['', '?user_code=', '?user_code=WDJB', '?user_code=<svg>', '?user_code=WDJB-MJHT-AAAA'])(
    'refuses what is no user code without repeating it: %s',
    async (query) => {
      const answer = await app.get(`/auth/device/qr${query}`)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toBe('user_code is missing or is no user code\n')
    },
  )
})
