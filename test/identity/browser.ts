/** A browser without a screen: keeps cookies as they are set, sends the header fields browsers send, follows nothing. */
import type { TestApp } from '../support/app'

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The redirect target, or an empty string. */
  readonly location: string
}

export interface TestBrowser {
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Page>
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Page>
  /** Reads the login form and sends it filled in. */
  logIn(user: { username: string; password: string }, more?: Record<string, string>): Promise<Page>
}

export interface BrowserOptions {
  /** Address the request comes from, as a trusted proxy reports it. */
  readonly ip?: string
  readonly userAgent?: string
}

export function openBrowser(app: TestApp, { ip = '192.0.2.10', userAgent }: BrowserOptions = {}): TestBrowser {
  const cookies = new Map<string, string>()

  const read = async (response: Response): Promise<Page> => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const name = pair.slice(0, pair.indexOf('='))
      if (/Max-Age=0(;|$)/.test(line)) cookies.delete(name)
      else cookies.set(name, pair.slice(name.length + 1))
    }
    const { status, headers } = response
    return { status, headers, text: await response.text(), location: headers.get('location') ?? '' }
  }
  const sent = (headers: Record<string, string>): Record<string, string> => ({
    'x-forwarded-for': ip,
    accept: 'text/html',
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
    ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
    ...headers,
  })

  const get: TestBrowser['get'] = async (path, headers = {}) => read(await app.get(path, { headers: sent(headers) }))
  const post: TestBrowser['post'] = async (path, fields, headers = {}) =>
    read(await app.postForm(path, fields, sent(headers)))
  return {
    cookies,
    get,
    post,
    logIn: async ({ username, password }, more = {}) => {
      const form = await get('/login')
      return post('/login', { csrf_token: field(form, 'csrf_token'), username, password, ...more })
    },
  }
}

/** Value of a form field of a page; an empty string when it has none. */
export function field(page: Page, name: string): string {
  const input = new RegExp(`<input[^>]*name="${name}"[^>]*>`).exec(page.text)?.[0] ?? ''
  return (/value="([^"]*)"/.exec(input)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&quot;', '"')
}

/** The `Set-Cookie` line of a cookie. */
export const setCookieOf = (page: Page, name: string): string | undefined =>
  page.headers.getSetCookie().find((line) => line.startsWith(`${name}=`))
