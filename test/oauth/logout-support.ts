/** What the tests of logout share: tokens that were issued in a browser session, and an application that is told. */
import { commit } from '../../src/db/commit'
import { prepareGrant } from '../../src/tokens/issue'
import type { ClientRow, TestApp, UserRow } from '../support/app'

/** The tokens of a code grant from a browser session, as the token endpoint answers them. */
export async function grantInSession(
  { ctx }: TestApp,
  user: UserRow,
  client: ClientRow,
  sid: string,
  scope = 'openid',
) {
  const signIn = { sid, authTime: new Date(ctx.clock.now()) }
  const grant = await prepareGrant(ctx, { grantType: 'authorization_code', client, user, scope, signIn })
  await commit(ctx, [...grant.guards, ...grant.writes])
  const { access_token, refresh_token = '', id_token = '' } = grant.response
  return { access_token, refresh_token, id_token }
}

export interface Application {
  readonly url: string
  /** Logout tokens in the order they came. */
  readonly received: string[]
  readonly requests: { readonly path: string; readonly contentType: string | null; readonly body: string }[]
  /** How the next requests are answered; the last one for good. */
  answers: ((path: string) => Response | Promise<Response>)[]
  stop(): Promise<void>
}

/** A small web server that takes logout tokens. */
export function startApplication(port = 0): Application {
  const received: string[] = []
  const requests: Application['requests'] = []
  const application: Omit<Application, 'url' | 'stop'> = { received, requests, answers: [() => new Response()] }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch: async (request) => {
      const body = await request.text()
      const { pathname } = new URL(request.url)
      requests.push({ path: pathname, contentType: request.headers.get('content-type'), body })
      received.push(new URLSearchParams(body).get('logout_token') ?? '')
      const [answer = () => new Response()] = application.answers
      if (application.answers.length > 1) application.answers.shift()
      return await answer(pathname)
    },
  })
  return Object.assign(application, { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) })
}
