/** Those who have no business here: their every request brings something new that must not be remembered for ever. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { formBrowser } from '../support/form-browser'
import type { Subject } from './subject'

export interface Strangers {
  /** Answers that let somebody in, or were a fault of the server. */
  readonly wrong: readonly string[]
  stop(): Promise<void>
}

const random = () => randomBytes(8).toString('hex')

export function startStrangers({ url, fetch }: Pick<Subject, 'url' | 'fetch'>, pauseMs: number): Strangers {
  const wrong: string[] = []
  let running = true

  const refused = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(path, init)
    await answer.arrayBuffer()
    if (answer.status < 400 || answer.status >= 500) wrong.push(`${path}: ${answer.status}`)
  }
  const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
  const failedLogin = async () => {
    const browser = formBrowser(url, fetch)
    const page = await browser.open('/login')
    const answer = await browser.submit(page, '/login', { username: `nobody-${random()}`, password: random() })
    if (answer.status < 400 || answer.status >= 500) wrong.push(`login of a stranger: ${answer.status}`)
  }
  /** Goes away in the middle of a request. */
  const hangUp = async () => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(`POST /oauth/token HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 1000\r\n\r\ngrant_type=`)
    await Bun.sleep(50)
    socket.destroy()
  }
  const mischief = [
    () => refused(`/${random()}/${random()}`),
    () => refused('/oauth/tokeninfo', { headers: { authorization: `Bearer ${random()}` } }),
    () => refused('/oauth/token', form({ grant_type: 'client_credentials', client_id: random(), client_secret: 'no' })),
    () => refused('/oauth/device/code', form({ client_id: random() })),
    () =>
      refused('/oauth/token', {
        method:
          random()
            .replace(/[^a-f]/g, '')
            .toUpperCase() || 'BREW',
      }),
    hangUp,
    failedLogin,
  ]
  const run = async () => {
    for (let n = 0; running; n += 1) {
      await Bun.sleep(pauseMs)
      await mischief[n % mischief.length]?.().catch((error: Error) => {
        if (running) wrong.push(`stranger: ${error.message}`)
      })
    }
  }
  const work = run()
  return {
    wrong,
    stop: async () => {
      running = false
      await work
    },
  }
}
