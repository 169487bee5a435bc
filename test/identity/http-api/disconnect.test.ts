/** A browser that goes away while its login waits, over real connections. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Listener, listen } from '../../../src/serve'
import { openTestApp, type TestApp } from '../../support/app'
import { type HttpApiServer, startHttpApi } from '../../support/http-api-server'

let api: HttpApiServer
beforeAll(async () => {
  api = await startHttpApi()
})
afterAll(() => api.stop())

test.each(['', '/auth'])('[SEC] under the prefix "%s" it ends the waiting for further attempts', async (prefix) => {
  const app: TestApp = await openTestApp({
    settings: {
      SERVER_ADDR: '127.0.0.1:0',
      BASE_URL: `http://localhost:8080${prefix}`,
      AUTH_MODE: 'http_api',
      HTTP_API_URL: api.url,
      HTTP_API_RETRY_DELAY: '5s',
      HTTP_API_MAX_RETRY_DELAY: '5s',
    },
  })
  const listener: Listener = listen(app.ctx.settings, (request, peer) => app.handle(request, peer), app.ctx.log)
  const url = `http://127.0.0.1:${listener.address.port}${prefix}/login`
  api.play(() => ({ status: 503, body: {} }))

  const form = await fetch(url)
  const token = /name="csrf_token" value="([^"]*)"/.exec(await form.text())?.[1] ?? ''
  const gone = new AbortController()
  const sent = fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ csrf_token: token, username: 'alice', password: 'p' }),
    headers: {
      cookie: form.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    },
    signal: gone.signal,
  })
  while (api.calls.length === 0) await Bun.sleep(10)
  await Bun.sleep(50)
  gone.abort()
  await expect(sent).rejects.toThrow()
  const warned = () => app.log().some(({ message }) => message.includes('failed to connect to authentication API'))
  for (let waited = 0; !warned() && waited < 2_000; waited += 20) await Bun.sleep(20)
  expect(warned()).toBe(true)
  expect(api.calls).toHaveLength(1)
  await listener.stop(5_000)
  await app.close()
})
