/** A browser on its way through our server and a provider's. */
import { openBrowser, type Page, type TestBrowser } from '../../identity/browser'
import type { TestApp } from '../app'

export interface Traveller extends TestBrowser {
  /** To the provider and back to our callback, which is not asked for yet: its path and query. */
  leave(provider: string, query?: string): Promise<string>
  /** The whole way. */
  enter(provider: string, query?: string): Promise<Page>
}

export function openTraveller(app: TestApp, ip?: string): Traveller {
  const browser = openBrowser(app, ip === undefined ? {} : { ip })
  const leave = async (provider: string, query = ''): Promise<string> => {
    const start = await browser.get(`/auth/login/${provider}${query}`)
    if (start.status !== 307) throw new Error(`no way to ${provider}: ${start.status} ${start.text}`)
    return there(start.location)
  }
  return { ...browser, leave, enter: async (provider, query) => browser.get(await leave(provider, query)) }
}

/** What the provider makes of an authorization request: path and query of our callback. */
export async function there(url: string): Promise<string> {
  const answer = await fetch(url, { redirect: 'manual' })
  const back = new URL(answer.headers.get('location') ?? '')
  return back.pathname + back.search
}
