/** A browser that knows cookies, redirects and forms, and nothing else: for tests of the executable without Chromium. */
import { NEW_PASSWORD } from './sign-in'

export interface FormBrowser {
  /** Follows redirects as far as they lead below the server. */
  open(path: string): Promise<Page>
  /** Sends a form of the page with its hidden fields and those given. */
  submit(page: Page, action: string, fields: Record<string, string>): Promise<Page>
}

export interface Page {
  readonly status: number
  /** Path and query it was found at; the whole address, unvisited, of another server that the browser was sent to. */
  readonly path: string
  readonly html: string
}

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

const decoded = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39|#x27|#34);/g, (whole, name: string) => ENTITIES[name] ?? whole)
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#34': '"' }

const attribute = (tag: string, name: string): string =>
  decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')

/** Hidden fields of the form with that action. */
function hiddenFields(html: string, action: string): Record<string, string> {
  for (const [whole, open = ''] of html.matchAll(/(<form\b[^>]*>)[\s\S]*?<\/form>/g)) {
    if (!attribute(open, 'action').endsWith(action)) continue
    const inputs = [...whole.matchAll(/<input\b[^>]*>/g)].map(([tag]) => tag)
    const hidden = inputs.filter((tag) => attribute(tag, 'type') === 'hidden')
    return Object.fromEntries(hidden.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]))
  }
  throw new Error(`no form with action ${action} in:\n${html}`)
}

/** `fetch` must leave redirects alone, as `RunningBinary.fetch` does. */
export function formBrowser(url: string, fetch: Fetch): FormBrowser {
  const cookies = new Map<string, string>()
  const { origin } = new URL(url)

  const send = async (path: string, init: RequestInit = {}): Promise<Page> => {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    headers.set('user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
    const answer = await fetch(path, { ...init, headers })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (answer.status >= 300 && answer.status < 400 && location) {
      const target = new URL(location, origin)
      if (target.origin !== origin) return { status: answer.status, path: target.href, html: '' }
      return send(target.pathname + target.search)
    }
    return { status: answer.status, path, html: await answer.text() }
  }
  return {
    open: (path) => send(path),
    submit: (page, action, fields) =>
      send(action, { method: 'POST', body: new URLSearchParams({ ...hiddenFields(page.html, action), ...fields }) }),
  }
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** A whole device login as the seeded administrator; the first one sets `NEW_PASSWORD`. */
export async function deviceLogin(
  server: { url: string; fetch: Fetch },
  { clientId, password, scope = 'email profile' }: { clientId: string; password: string; scope?: string },
): Promise<Tokens> {
  const post = (path: string, fields: Record<string, string>) =>
    server.fetch(path, { method: 'POST', body: new URLSearchParams(fields) })
  const started = (await (await post('/oauth/device/code', { client_id: clientId, scope })).json()) as {
    device_code: string
    user_code: string
  }
  const browser = formBrowser(server.url, server.fetch)
  let page = await browser.open(`/device?user_code=${started.user_code}`)
  page = await browser.submit(page, '/login', { username: 'admin', password })
  if (page.html.includes('name="password_confirm"'))
    page = await browser.submit(page, '/account/change-password', {
      current_password: password,
      password: NEW_PASSWORD,
      password_confirm: NEW_PASSWORD,
    })
  if (!page.path.startsWith('/device')) page = await browser.open(`/device?user_code=${started.user_code}`)
  page = await browser.submit(page, '/device/verify', { user_code: started.user_code })
  page = await browser.submit(page, '/device/decide', { action: 'approve' })
  const answer = await post('/oauth/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: clientId,
    device_code: started.device_code,
  })
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${await answer.text()}\n${page.html}`)
  return (await answer.json()) as Tokens
}
