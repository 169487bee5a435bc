/** `/account/profile`: one's own name and language. The address is what an administrator or a provider vouches for. */
import { t } from 'elysia'
import { isLanguage } from '../../views/messages'
import { accountProfilePage } from '../../views/pages/account-profile'
import type { Context, RequestContext } from '../context'
import { Conflict, commit } from '../db/commit'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { signedInSurface } from '../edge/surfaces/page'
import { setLanguage } from '../identity/language'
import { addFlash, type BrowserSession } from '../identity/sessions'
import { storedFullName } from '../users/fields'
import { UserRefused } from '../users/refused'
import { changeName } from './change-name'

const HERE = '/account/profile'
const optionalText = t.Optional(t.String())

export const accountProfilePages = (context: Context) =>
  signedInSurface(context)
    .get(HERE, ({ ctx, session }) => form(ctx, session, { fullName: session.user.fullName }), { response: t.Any() })
    .post(
      HERE,
      async ({ ctx, session, body }) => {
        const typed = body.full_name ?? ''
        try {
          return await save(ctx, session, typed, body.language)
        } catch (error) {
          if (error instanceof UserRefused) return form(ctx, session, { fullName: typed, problem: 'tooLong' })
          if (error instanceof Conflict) return form(ctx, session, { fullName: typed, problem: 'changed' })
          throw error
        }
      },
      {
        body: t.Object({ csrf_token: optionalText, full_name: optionalText, language: optionalText }),
        response: t.Any(),
      },
    )

/** Throws `UserRefused` and `Conflict('user')`. */
async function save(
  ctx: RequestContext,
  session: BrowserSession,
  typedName: string,
  typedLanguage: string | undefined,
): Promise<Response> {
  const { user } = session
  // Where a directory decides about the account, it would put its name back with the next login.
  const fullName = isManagedElsewhere(session) ? user.fullName : storedFullName(typedName)
  const language = isLanguage(typedLanguage) ? typedLanguage : null
  const changes = [
    ...(fullName === user.fullName ? [] : changeName(ctx, user, fullName)),
    ...(language === (user.language ?? null) ? [] : setLanguage(ctx, user, language)),
  ]
  if (changes.length > 0) {
    const spoken = messagesFor(ctx, { ...session, user: { ...user, language } })
    await commit(ctx, [...changes, addFlash(session, spoken.account.profile.saved)])
  }
  return redirectTo(ctx, HERE)
}

const isManagedElsewhere = ({ user }: BrowserSession): boolean => user.authSource === 'http_api'

interface Shown {
  readonly fullName: string
  readonly problem?: 'tooLong' | 'changed'
}

function form(ctx: RequestContext, session: BrowserSession, { fullName, problem }: Shown): Response {
  const { username, email, emailVerified, language } = session.user
  const html = accountProfilePage(pageFrame(ctx, session, { here: HERE }), {
    ...{ username, email, emailVerified, fullName },
    language: isLanguage(language) ? language : undefined,
    managedElsewhere: isManagedElsewhere(session),
    problem,
  })
  return page(html, { status: problem === undefined ? 200 : problem === 'changed' ? 409 : 400 })
}
