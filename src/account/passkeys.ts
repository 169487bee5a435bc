/** `/account/security/passkeys`: a person's own passkeys. */
import { t } from 'elysia'
import { accountPasskeysPage } from '../../views/pages/account-passkeys'
import type { Context, RequestContext } from '../context'
import { PASSKEYS_PATH } from '../edge/browser-session'
import { sessionCookieName, setCookie } from '../edge/cookies'
import { jsonHeaders } from '../edge/json-refusal'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { canSignIn } from '../identity/can-sign-in'
import { listConnections } from '../identity/linking/records'
import {
  beginRegistration,
  deleteOwnPasskey,
  finishRegistration,
  LONGEST_NAME,
  MOST_PASSKEYS,
  mayHavePasskeys,
  type RegistrationProblem,
  renameOwnPasskey,
} from '../identity/passkeys/own-passkeys'
import { listPasskeys } from '../identity/passkeys/records'
import { safeRedirect } from '../identity/redirect-target'
import { mustEnrol } from '../identity/second-factor/required'
import type { BrowserSession } from '../identity/sessions'
import { visibleText } from '../identity/visible-text'
import { orChangedMeanwhile } from './changed-meanwhile'

const HERE = PASSKEYS_PATH

const optionalText = t.Optional(t.String())
const form = t.Object({ csrf_token: optionalText })
const named = t.Object({ id: t.String() })

export const accountPasskeyPages = (context: Context) =>
  signedInSurface(context)
    .get(HERE, ({ ctx, session, query }) => overview(ctx, session, query.redirect), {
      query: t.Object({ redirect: optionalText }),
      response: t.Any(),
    })
    .post(
      `${HERE}/options`,
      async ({ ctx, session }) => {
        requireRecentLogin(ctx, session)
        const begun = await beginRegistration(ctx, session)
        if (begun.kind !== 'begun') throw refusal(begun.kind)
        return new Response(JSON.stringify(begun.options), { headers: jsonHeaders(ctx) })
      },
      { body: form, response: t.Any() },
    )
    .post(
      HERE,
      async ({ ctx, session, body }) => {
        requireRecentLogin(ctx, session)
        const name = passkeyName(body.name)
        const next = safeRedirect(ctx.settings, body.redirect) ?? HERE
        const outcome = await finishRegistration(ctx, session, { credential: body.credential ?? '', name, next })
        if (outcome.kind === 'refused') throw refusal(outcome.problem)
        const { cookieValue, maxAgeSeconds } = outcome.started
        const cookie = setCookie(ctx.settings, sessionCookieName(ctx.settings), cookieValue, { maxAgeSeconds })
        return redirectTo(ctx, outcome.path, { status: 303, cookies: [cookie] })
      },
      {
        body: t.Object({
          csrf_token: optionalText,
          redirect: optionalText,
          name: optionalText,
          credential: optionalText,
        }),
        response: t.Any(),
      },
    )
    .post(
      `${HERE}/:id/rename`,
      async ({ ctx, session, params, body }) => {
        const name = passkeyName(body.name)
        const message = messagesFor(ctx, session).passkeys.renamed
        if (!(await renameOwnPasskey(ctx, session, { id: params.id, name, message }))) throw notFound()
        return redirectTo(ctx, HERE, { status: 303 })
      },
      { params: named, body: t.Object({ csrf_token: optionalText, name: optionalText }), response: t.Any() },
    )
    .post(
      `${HERE}/:id/delete`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        const outcome = await orChangedMeanwhile(deleteOwnPasskey(ctx, session, params.id))
        if (outcome === 'none') throw notFound()
        if (outcome === 'required') throw new PageError(403, (text) => text.security.needed)
        if (outcome === 'last_method') throw new PageError(409, (text) => text.passkeys.errors.lastMethod)
        return redirectTo(ctx, HERE, { status: 303 })
      },
      { params: named, body: form, response: t.Any() },
    )

/** Throws the 400 page. */
function passkeyName(typed: string | undefined): string {
  const name = visibleText(typed ?? '')
  if (name === '' || name.length > LONGEST_NAME) throw new PageError(400, (text) => text.passkeys.errors.badName)
  return name
}

const notFound = () => new PageError(404, (text) => text.passkeys.errors.notFound)

function refusal(problem: RegistrationProblem): PageError {
  switch (problem) {
    case 'not_offered':
      return new PageError(403, (text) => text.passkeys.errors.notOffered)
    case 'too_many':
      return new PageError(409, (text) => text.passkeys.errors.tooMany)
    case 'changed':
      return new PageError(409, (text) => text.security.changedMeanwhile)
    case 'known_already':
      return new PageError(409, (text) => text.passkeys.errors.knownAlready)
    case 'not_verified':
      return new PageError(400, (text) => text.passkeys.errors.notVerified)
  }
}

async function overview(ctx: RequestContext, session: BrowserSession, redirect?: string): Promise<Response> {
  const { user } = session
  const [passkeys, connections] = await Promise.all([listPasskeys(ctx, user.id), listConnections(ctx, user.id)])
  const onlyWay = !canSignIn(ctx, { ...user, passkeyCount: passkeys.length - 1 }, connections)
  const html = accountPasskeysPage(pageFrame(ctx, session), {
    passkeys: passkeys.map(({ id, name, backupEligible, createdAt, lastUsedAt }) => ({
      ...{ id, name, onlyWay, synced: backupEligible },
      addedAt: createdAt,
      lastUsedAt: lastUsedAt ?? undefined,
    })),
    redirect: safeRedirect(ctx.settings, redirect) ?? '',
    required: mustEnrol(ctx.settings, session),
    most: MOST_PASSKEYS,
    longestName: LONGEST_NAME,
    offered: mayHavePasskeys(ctx, user),
    managedElsewhere: user.authSource === 'http_api',
  })
  return page(html)
}
