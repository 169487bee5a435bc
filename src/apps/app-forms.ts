/** Registering an application, and changing one. */
import { t } from 'elysia'
import { type AppFormProps, appFormPage } from '../../views/pages/app-form'
import { checkClient } from '../clients/check-client'
import { type ClientInput, EMPTY_INPUT, inputOf, readInput } from '../clients/client-input'
import type { Client } from '../clients/clients'
import { createClient } from '../clients/create-client'
import type { ClientFields } from '../clients/fields'
import { changeOwnedClient, type OwnedChange } from '../clients/owned-changes'
import { ClientRefused } from '../clients/refused'
import { findPending, proposedChanges } from '../clients/revisions'
import type { Context, RequestContext } from '../context'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { limitAppCreation } from '../edge/rate-limit'
import { holdReveal } from '../edge/reveal'
import { signedInSurface } from '../edge/surfaces/page'
import type { BrowserSession } from '../identity/sessions'
import { shownName } from '../oauth/client-view'
import { problemTexts, refusalText, statusOf } from './app-problems'
import { APPS_PATH, appPath, asSeen, byId, done, requireOwnApp } from './own-app'

const text = t.Optional(t.String())
const appBody = t.Object({
  ...{ csrf_token: text, version: text, client_name: text, description: text, client_uri: text, client_type: text },
  ...{ enable_device_flow: text, enable_auth_code_flow: text, enable_client_credentials_flow: text, scopes: text },
  ...{ redirect_uris: text, post_logout_redirect_uris: text, backchannel_logout_uri: text },
  ...{ project: text, service_account: text },
})

export const appForms = (context: Context) =>
  signedInSurface(context)
    .get(`${APPS_PATH}/new`, ({ ctx, session }) => form(ctx, session, { values: EMPTY_INPUT, problems: [] }, 200), {
      response: t.Any(),
    })
    .post(
      APPS_PATH,
      async ({ ctx, session, body, request }) => {
        const refusal = await limitAppCreation(ctx, request, session)
        return refusal ?? (await create(ctx, session, readInput(body)))
      },
      { body: appBody, response: t.Any() },
    )
    .get(
      `${APPS_PATH}/:id/edit`,
      async ({ ctx, session, params }) => {
        const { client, current, waits } = await edited(ctx, await requireOwnApp(ctx, session, params.id))
        return form(ctx, session, { app: formApp(client, waits), values: inputOf(current), problems: [] }, 200)
      },
      { params: byId, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id`,
      async ({ ctx, session, params, body }) => {
        const { client, current, waits } = await edited(ctx, await requireOwnApp(ctx, session, params.id, true))
        const input = readInput(body, inputOf(current))
        const app = formApp(asSeen(client, body.version), waits)
        const checked = checkClient(input, 'owner', client)
        if ('problems' in checked) {
          const problems = problemTexts(messagesFor(ctx, session), checked.problems, false)
          return form(ctx, session, { app, values: input, problems }, 400)
        }
        return await change(ctx, session, { client: asSeen(client, body.version), fields: checked.fields, input, app })
      },
      { params: byId, body: appBody, response: t.Any() },
    )

function form(
  ctx: RequestContext,
  session: BrowserSession,
  props: AppFormProps & { readonly values: ClientInput },
  status: number,
): Response {
  const here = props.app ? `${appPath(props.app.id)}/edit` : `${APPS_PATH}/new`
  return page(appFormPage(pageFrame(ctx, session, { here }), props), { status })
}

/** What the owner edits: the change that waits, where there is one. */
async function edited(ctx: RequestContext, client: Client) {
  const pending = client.status === 'active' ? await findPending(ctx, client.clientId) : undefined
  const current: Client = pending ? { ...client, ...proposedChanges(pending) } : client
  return { client, current, waits: pending !== undefined }
}

const formApp = ({ clientId, clientName, version, status }: Client, waits: boolean) => ({
  id: clientId,
  name: shownName(clientName) || clientId,
  version,
  notice: waits ? ('editWaitingNotice' as const) : NOTICES[status],
})

const NOTICES = {
  active: 'editActiveNotice',
  pending: 'editPendingNotice',
  inactive: 'editInactiveNotice',
} as const

async function create(ctx: RequestContext, session: BrowserSession, input: ClientInput): Promise<Response> {
  const m = messagesFor(ctx, session)
  const checked = checkClient(input, 'owner')
  if ('problems' in checked) {
    const problems = problemTexts(m, checked.problems, true)
    return form(ctx, session, { values: input, problems }, 400)
  }
  let path: string | undefined
  try {
    const { client } = await createClient(
      ctx,
      session.user,
      { fields: checked.fields, by: 'owner' },
      ({ client: made, secret }) => {
        if (secret === undefined) return []
        const notices = [m.apps.registeredNotice(made.clientName)]
        const revealed = revealSecret(ctx, session, made, secret, m.apps.registered, notices)
        path = revealed.path
        return [revealed.statement]
      },
    )
    if (path) return redirectTo(ctx, path)
    return await done(ctx, session, appPath(client.clientId), ({ apps }) => apps.wasRegistered(client.clientName))
  } catch (error) {
    if (!(error instanceof ClientRefused)) throw error
    const refused = refusalText(m, error)
    return form(ctx, session, { values: input, problems: [], refused }, statusOf(error))
  }
}

/** The page that shows a new secret once. */
export function revealSecret(
  ctx: RequestContext,
  session: BrowserSession,
  { clientId }: Pick<Client, 'clientId'>,
  secret: string,
  title: string,
  notices: readonly string[],
) {
  const { apps } = messagesFor(ctx, session)
  return holdReveal(ctx, session, {
    title,
    notices,
    secrets: [
      { label: apps.clientId, value: clientId, variable: 'CLIENT_ID' },
      { label: apps.clientSecret, value: secret, variable: 'CLIENT_SECRET' },
    ],
    next: { label: apps.toApp, path: appPath(clientId) },
  })
}

interface Edit {
  /** As the owner saw it. */
  readonly client: Client
  readonly fields: ClientFields
  readonly input: ClientInput
  readonly app: NonNullable<AppFormProps['app']>
}

async function change(
  ctx: RequestContext,
  session: BrowserSession,
  { client, fields, input, app }: Edit,
): Promise<Response> {
  const m = messagesFor(ctx, session)
  let path = appPath(client.clientId)
  try {
    const { outcome } = await changeOwnedClient(ctx, session.user, client, fields, (secret) => {
      if (secret === undefined) return []
      const notices = [m.apps.becameConfidential(fields.clientName)]
      const revealed = revealSecret(ctx, session, client, secret, m.apps.clientSecret, notices)
      path = revealed.path
      return [revealed.statement]
    })
    return await done(ctx, session, path, ({ apps }) => apps[OUTCOMES[outcome]])
  } catch (error) {
    if (!(error instanceof ClientRefused)) throw error
    // The next attempt is about what is there now, which the owner is told to look at.
    const latest = await requireOwnApp(ctx, session, client.clientId, true)
    const again = { ...app, version: latest.version }
    return form(
      ctx,
      session,
      { app: again, values: input, problems: [], refused: refusalText(m, error) },
      statusOf(error),
    )
  }
}

const OUTCOMES: Readonly<Record<OwnedChange['outcome'], 'wasUpdated' | Exclude<OwnedChange['outcome'], 'changed'>>> = {
  changed: 'wasUpdated',
  unchanged: 'unchanged',
  described: 'described',
  proposed: 'proposed',
  withdrawn: 'withdrawn',
}
