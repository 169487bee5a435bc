/** A bit of everything clients do, with a judgement on every answer: right, or 503 with a hint when to try again. */
import { formBrowser, type Tokens } from '../support/form-browser'

export interface Target {
  readonly url: string
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface LoadSettings {
  /** Of devices. */
  readonly clientId: string
  /** May ask for tokens of its own and look at them. */
  readonly service: { readonly id: string; readonly secret: string }
  readonly password: string
  readonly tokens: Tokens
  /** Milliseconds after which an answer counts as missing. */
  readonly limitMs: number
}

export interface MixedLoad {
  /** Answers that were neither right nor a proper 503, and requests without an answer. */
  readonly wrong: readonly string[]
  /** So far, and since the last call of `begin`. */
  served(): number
  refused(): number
  slowestMs(): number
  /** Starts counting anew. */
  begin(): void
  stop(): Promise<void>
}

interface Step {
  readonly name: string
  readonly page?: boolean
  ask(): Promise<Response>
  /** Whether an answer other than 503 is right; the body has been read. */
  right(status: number, body: string): boolean
}

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

export function startMixedLoad(target: Target, settings: LoadSettings): MixedLoad {
  const { clientId, service, password, tokens, limitMs } = settings
  const wrong: string[] = []
  let served = 0
  let refused = 0
  let slowestMs = 0
  let running = true

  const ask = (path: string, init: RequestInit = {}) =>
    target.fetch(path, { ...init, signal: AbortSignal.timeout(limitMs) })
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  const basic = { authorization: `Basic ${btoa(`${service.id}:${service.secret}`)}` }
  const accept = { accept: 'text/html' }
  const json = (body: string) => JSON.parse(body) as Record<string, unknown>

  let deviceCode = ''
  let polled = ''
  let serviceToken = ''
  let examined = ''
  const steps: Step[] = [
    {
      name: 'device code',
      ask: () => post('/oauth/device/code', { client_id: clientId, scope: 'email' }),
      right: (status, body) => {
        if (status === 200) deviceCode = String(json(body).device_code)
        return status === 200 && deviceCode.length > 20
      },
    },
    {
      name: 'device poll',
      ask: () => {
        polled = deviceCode
        return post('/oauth/token', { grant_type: DEVICE, client_id: clientId, device_code: polled })
      },
      // Without a code of before, the poll is refused for that.
      right: (status, body) => status === 400 && (/"(authorization_pending|slow_down)"/.test(body) || polled === ''),
    },
    {
      name: 'refresh',
      ask: () =>
        post('/oauth/token', {
          grant_type: 'refresh_token',
          client_id: clientId,
          refresh_token: tokens.refresh_token,
        }),
      right: (status, body) => status === 200 && typeof json(body).access_token === 'string',
    },
    {
      name: 'token of a service',
      ask: () => post('/oauth/token', { grant_type: 'client_credentials' }, basic),
      right: (status, body) => {
        if (status === 200) serviceToken = String(json(body).access_token)
        return status === 200 && serviceToken.length > 20
      },
    },
    {
      name: 'introspection',
      ask: () => {
        examined = serviceToken
        return post('/oauth/introspect', { token: examined || 'none yet' }, basic)
      },
      // A token that is alive must never be called dead because nobody could look.
      right: (status, body) => status === 200 && (json(body).active === true || examined === ''),
    },
    {
      name: 'tokeninfo',
      ask: () => ask('/oauth/tokeninfo', { headers: { authorization: `Bearer ${tokens.access_token}` } }),
      right: (status) => status === 200,
    },
    {
      name: 'userinfo',
      ask: () => ask('/oauth/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } }),
      right: (status) => status === 200,
    },
    {
      name: 'login page',
      page: true,
      ask: () => ask('/login', { headers: accept }),
      right: (status) => status === 200,
    },
    {
      name: 'account page of a stranger',
      page: true,
      ask: () => ask('/account/sessions', { headers: accept }),
      right: (status) => status === 302,
    },
  ]

  const judge = async (step: Step) => {
    const began = performance.now()
    try {
      const answer = await step.ask()
      const body = await answer.text()
      slowestMs = Math.max(slowestMs, performance.now() - began)
      if (answer.status === 503) {
        const type = answer.headers.get('content-type') ?? ''
        const hint = /^\d+$/.test(answer.headers.get('retry-after') ?? '')
        const form = step.page ? type.startsWith('text/html') : type.startsWith('application/json')
        if (hint && form) refused += 1
        else wrong.push(`${step.name}: 503 as ${type}, Retry-After ${answer.headers.get('retry-after')}`)
      } else if (step.right(answer.status, body)) served += 1
      else wrong.push(`${step.name}: ${answer.status} ${body.slice(0, 200)}`)
    } catch (error) {
      wrong.push(`${step.name}: ${(error as Error).name} after ${Math.round(performance.now() - began)} ms`)
    }
  }
  const repeat = async (step: Step) => {
    while (running) {
      await judge(step)
      await Bun.sleep(20)
    }
  }

  /** People who sign in; the form keeps what they typed when it cannot be looked at now. */
  const signIn = async () => {
    while (running) {
      const statuses: number[] = []
      const browser = formBrowser(target.url, async (path, init) => {
        const answer = await ask(path, init)
        statuses.push(answer.status)
        if (answer.status === 503 && !answer.headers.get('retry-after')) wrong.push(`${path}: 503 without Retry-After`)
        return answer
      })
      const began = performance.now()
      try {
        const form = await browser.open('/login')
        if (form.status === 200) {
          const page = await browser.submit(form, '/login', { username: 'admin', password })
          const right = page.status === 503 || (page.status === 200 && page.path !== '/login')
          if (!right) wrong.push(`login: ${page.status} at ${page.path}`)
        } else if (form.status !== 503) wrong.push(`login form: ${form.status}`)
        if (statuses.includes(503)) refused += 1
        else served += 1
      } catch (error) {
        wrong.push(`login: ${(error as Error).message.slice(0, 200)} after ${Math.round(performance.now() - began)} ms`)
      }
      await Bun.sleep(300)
    }
  }

  const work = [...steps.map(repeat), signIn()]
  const begin = () => {
    served = 0
    refused = 0
    slowestMs = 0
  }
  return {
    wrong,
    served: () => served,
    refused: () => refused,
    slowestMs: () => slowestMs,
    begin,
    stop: async () => {
      running = false
      await Promise.all(work)
    },
  }
}
