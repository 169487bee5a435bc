/** What applications do at the endpoints of the protocol, and people on the pages of it. */

import { CALLBACK, decideOn, open, requestIdOf, requestOf } from '../../oauth/authorize/support'
import { insertCode, redeem, VERIFIER } from '../../oauth/code-support'
import {
  codeRow,
  confirmationOf,
  consentRow,
  DEVICE_GRANT,
  newCodes,
  settle,
  tokenRows,
} from '../../oauth/device/support'
import { MINIMAL, registered } from '../../oauth/registration/support'
import { basic, bearer, issueMachineToken, issueTokens } from '../../oauth/support'
import {
  type Act,
  type Action,
  type App,
  client,
  code,
  consent,
  type Expected,
  machine,
  NOBODY,
  NOTHING,
  type Person,
  record,
  refused,
  someone,
  token,
} from './act'

const post = (act: Act, path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  act.app.postForm(path, fields, { ...act.mark, ...headers })

const credentials = ({ clientId, secret }: App) => ({ client_id: clientId, client_secret: secret })

/** Decides about a device that waits. */
async function decideDevice(act: Act, action: 'approve' | 'deny') {
  const [person, app] = [await act.person(), await act.client()]
  const { userCode } = await newCodes(act.app, app)
  const request_id = (await confirmationOf(act.app, person.signedIn, userCode)) ?? ''
  await act.post(person, '/device/decide', { request_id, action })
  return { person, app, id: (await codeRow(act.app, app.clientId)).id }
}

/** What was issued for a client, as the trail names it. */
async function issued(act: Act, app: App, person: Person): Promise<Expected[]> {
  const rows = await tokenRows(act.app, app.clientId)
  return rows.map(({ id, tokenCategory }) =>
    record(tokenCategory === 'access' ? 'ACCESS_TOKEN_ISSUED' : 'REFRESH_TOKEN_ISSUED', someone(person), token(id)),
  )
}

const grantOf = async (act: Act, overrides: Parameters<Act['client']>[0] = {}) => {
  const [person, app] = [await act.person(), await act.client(overrides)]
  return { person, app, tokens: await issueTokens(act.app, { user: person, client: app }) }
}

const consentPage = async (act: Act) => {
  const [person, app] = [await act.person(), await act.client({ redirectUris: [CALLBACK] })]
  const request_id = await requestIdOf(await open(act.app, person.signedIn, requestOf(app, { scope: 'read' })))
  return { person, app, request_id }
}

const deviceGrant: readonly Action[] = [
  [
    'a device asks for a code',
    async (act) => {
      const app = await act.client()
      await post(act, '/oauth/device/code', credentials(app))
      return [record('DEVICE_CODE_GENERATED', NOBODY, code((await codeRow(act.app, app.clientId)).id))]
    },
  ],
  [
    'somebody allows a device',
    async (act) => {
      const { person, app, id } = await decideDevice(act, 'approve')
      const allowed = await consentRow(act.app, { userId: person.id, clientId: app.clientId })
      return [
        record('DEVICE_CODE_AUTHORIZED', someone(person), code(id)),
        record('USER_AUTHORIZATION_GRANTED', someone(person), consent(allowed?.uuid ?? '')),
      ]
    },
  ],
  [
    'somebody refuses a device',
    async (act) => {
      const { person, id } = await decideDevice(act, 'deny')
      return [record('AUTHORIZATION_CODE_DENIED', someone(person), code(id))]
    },
  ],
  [
    'somebody types a wrong user code',
    async (act) => {
      const person = await act.person()
      await act.post(person, '/device/verify', { user_code: 'WRNG-CDXX' })
      return [refused('DEVICE_CODE_AUTHORIZED', someone(person), NOTHING)]
    },
  ],
  [
    'a device gets its tokens',
    async (act) => {
      const [person, app] = [await act.person(), await act.client()]
      const { userCode, deviceCode } = await newCodes(act.app, app)
      await settle(act.app, person.signedIn, userCode)
      await post(act, '/oauth/token', { grant_type: DEVICE_GRANT, device_code: deviceCode, ...credentials(app) })
      return issued(act, app, person)
    },
  ],
]

const codeGrant: readonly Action[] = [
  [
    'somebody allows an application',
    async (act) => {
      const { person, app, request_id } = await consentPage(act)
      await act.post(person, '/oauth/authorize', { request_id, action: 'approve' })
      const { q, t } = act.app.ctx.db
      const [made] = (await q.select().from(t.authorizationCodes)).filter(({ clientId }) => clientId === app.clientId)
      return [
        record('USER_AUTHORIZATION_GRANTED', someone(person), consent(made?.authorizationId ?? '')),
        record('AUTHORIZATION_CODE_GENERATED', someone(person), consent(made?.uuid ?? '')),
      ]
    },
  ],
  [
    'somebody refuses an application',
    async (act) => {
      const { person, app, request_id } = await consentPage(act)
      await act.post(person, '/oauth/authorize', { request_id, action: 'deny' })
      return [record('AUTHORIZATION_CODE_DENIED', someone(person), client(app))]
    },
  ],
  [
    'somebody comes back who allowed an application before',
    async (act) => {
      const { person, app, request_id } = await consentPage(act)
      await decideOn(act.app, person.signedIn, { request_id, action: 'approve' })
      await act.get(person, requestOf(app, { scope: 'read' }))
      const { q, t } = act.app.ctx.db
      const codes = (await q.select().from(t.authorizationCodes)).filter(({ clientId }) => clientId === app.clientId)
      const last = codes.at(-1)
      return [record('AUTHORIZATION_CODE_GENERATED', someone(person), consent(last?.uuid ?? ''))]
    },
  ],
  [
    'an application exchanges its code, with an ID token',
    async (act) => {
      const person = await act.person()
      const app = await act.client({ scopes: 'openid read' })
      const made = await insertCode(act.app, { user: person, client: app, scope: 'openid read' })
      await redeem(act.app, app, made.code, { code_verifier: VERIFIER }, act.mark)
      const [access] = (await tokenRows(act.app, app.clientId)).filter((row) => row.tokenCategory === 'access')
      return [
        record('AUTHORIZATION_CODE_EXCHANGED', someone(person), consent(made.uuid)),
        record('ID_TOKEN_ISSUED', someone(person), token(access?.id ?? '')),
        ...(await issued(act, app, person)),
      ]
    },
  ],
  [
    'a spent code is presented again',
    async (act) => {
      const [person, app] = [await act.person(), await act.client()]
      const made = await insertCode(act.app, { user: person, client: app, scope: 'read' })
      await redeem(act.app, app, made.code)
      await redeem(act.app, app, made.code, {}, act.mark)
      return [
        record('SUSPICIOUS_ACTIVITY', [person.id, ''], consent(made.uuid)),
        refused('AUTHORIZATION_CODE_EXCHANGED', [person.id, ''], NOTHING),
      ]
    },
  ],
]

const tokens: readonly Action[] = [
  [
    'a machine gets a token',
    async (act) => {
      const app = await act.client()
      await post(act, '/oauth/token', { grant_type: 'client_credentials' }, basic(app.clientId, app.secret))
      const [row] = await tokenRows(act.app, app.clientId)
      return [record('CLIENT_CREDENTIALS_TOKEN_ISSUED', machine(app), token(row?.id ?? ''))]
    },
  ],
  [
    'an application refreshes its token',
    async (act) => {
      const { person, app, tokens } = await grantOf(act)
      act.app.clock.advance(1_000)
      const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...credentials(app) }
      await post(act, '/oauth/token', fields)
      const rows = (await tokenRows(act.app, app.clientId)).filter((row) => row.tokenCategory === 'access')
      const newest = rows.find(({ id }) => id !== tokens.accessTokenId)
      return [record('TOKEN_REFRESHED', someone(person), token(newest?.id ?? ''))]
    },
  ],
  [
    'an application sends a wrong secret',
    async (act) => {
      const app = await act.client()
      await post(act, '/oauth/token', { grant_type: 'client_credentials' }, basic(app.clientId, 'wrong'))
      return [refused('CLIENT_CREDENTIALS_TOKEN_ISSUED', NOBODY, NOTHING)]
    },
  ],
  [
    'an application asks about a token',
    async (act) => {
      const { app, tokens } = await grantOf(act)
      await post(act, '/oauth/introspect', { token: tokens.access_token }, basic(app.clientId, app.secret))
      return [record('TOKEN_INTROSPECTED', machine(app), token(tokens.accessTokenId))]
    },
  ],
  [
    'an application revokes its token',
    async (act) => {
      const { app, tokens } = await grantOf(act)
      await post(act, '/oauth/revoke', { token: tokens.refresh_token }, basic(app.clientId, app.secret))
      return [record('TOKEN_REVOKED', machine(app), token(tokens.refreshTokenId))]
    },
  ],
  [
    'a machine revokes its token',
    async (act) => {
      const app = await act.client()
      const access = await issueMachineToken(act.app, app)
      await post(act, '/oauth/revoke', { token: access }, basic(app.clientId, app.secret))
      const [row] = await tokenRows(act.app, app.clientId)
      return [record('TOKEN_REVOKED', machine(app), token(row?.id ?? ''))]
    },
  ],
]

const registration: readonly Action[] = [
  [
    'an application registers itself',
    async (act) => {
      const headers = { ...act.mark, 'content-type': 'application/json' }
      const answer = await act.app.get('/oauth/register', { method: 'POST', body: JSON.stringify(MINIMAL), headers })
      const made = client({ clientId: ((await answer.json()) as { client_id: string }).client_id })
      return [record('CLIENT_CREATED', NOBODY, made), record('CLIENT_REGISTERED', NOBODY, made)]
    },
  ],
  [
    'an application changes its registration',
    async (act) => {
      const made = await registered(act.app)
      const body = JSON.stringify({ ...MINIMAL, client_id: made.client_id, client_name: 'Another name' })
      const headers = { ...act.mark, ...bearer(made.registration_access_token), 'content-type': 'application/json' }
      await act.app.get(`/oauth/register/${made.client_id}`, { method: 'PUT', body, headers })
      const id = { clientId: made.client_id }
      return [record('CLIENT_UPDATED', [`client:${made.client_id}`, ''], client(id))]
    },
  ],
  [
    'an application deletes its registration',
    async (act) => {
      const made = await registered(act.app)
      const headers = { ...act.mark, ...bearer(made.registration_access_token) }
      await act.app.get(`/oauth/register/${made.client_id}`, { method: 'DELETE', headers })
      const id = { clientId: made.client_id }
      return [record('CLIENT_DELETED', [`client:${made.client_id}`, ''], client(id))]
    },
  ],
]

export const protocol: readonly Action[] = [...deviceGrant, ...codeGrant, ...tokens, ...registration]
