import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bearer } from '../oauth/support'
import { type RunningBinary, startBinary } from '../support/binary'
import { freePort } from '../support/ports'
import { CREDENTIALS, deploymentCopies } from '../takeover/copies'
import { openedWith } from '../takeover/support'
import { expectEverythingWorks, type Subject } from '../takeover/works'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe.each(deploymentCopies)(
  'two executables that start at once on the database of a real deployment on %s',
  (_name, open) => {
    test('one converts it and the other waits; every password, secret and live token works, every dead one stays dead', async () => {
      const copy = await open()
      await copy.refreshDeviceCodes()
      const settings = { ...copy.facts.settings, ...copy.settings }
      const credentials = () =>
        existsSync(join(copy.folder, CREDENTIALS)) ? readFileSync(join(copy.folder, CREDENTIALS), 'utf8') : ''
      const before = credentials()
      const start = async () => {
        const address = `127.0.0.1:${await freePort()}`
        const env = { ...settings, SERVER_ADDR: address }
        const server = await startBinary({ env, folder: copy.folder, readyUrl: `http://${address}/health` })
        return { server, address }
      }
      const [first, second] = await Promise.all([start(), start()])
      const servers: RunningBinary[] = [first.server, second.server]
      const converted = servers.filter((server) =>
        server.log().includes('The database was converted. As it was before: '),
      )
      expect(converted).toHaveLength(1)

      const { db, close } = await openedWith(settings)()
      const request =
        (address: string): Subject['get'] =>
        (path, init = {}) => {
          const headers = new Headers(init.headers)
          headers.set('user-agent', BROWSER)
          return fetch(`http://${address}${path}`, { ...init, headers, redirect: 'manual' })
        }
      const get = request(first.address)
      const [live] = Object.values(copy.facts.tokens.live)
      const token = typeof live === 'string' ? live : (live?.access_token ?? '')
      expect((await request(second.address)('/oauth/tokeninfo', { headers: bearer(token) })).status).toBe(200)
      const postForm: Subject['postForm'] = (path, fields, headers = {}) =>
        get(path, { method: 'POST', body: new URLSearchParams(fields), headers })
      try {
        await expectEverythingWorks(
          { get, postForm, origin: settings.BASE_URL ?? '', db, wait: (ms) => Bun.sleep(ms) },
          copy.facts,
        )
        // No first accounts are made beside those there are.
        expect(credentials()).toBe(before)
        expect(servers.map((server) => server.log().match(/"level":"(error|fatal)"/g))).toEqual([null, null])
      } finally {
        await close()
        expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0])
        await copy.remove()
      }
    }, 90_000)
  },
)
