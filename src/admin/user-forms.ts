/** Making a user, changing one, deleting one: forms, and what comes of them. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { adminUserDeletePage } from '../../views/pages/admin-user-delete'
import { adminUserFormPage, type UserField, type UserFormProps } from '../../views/pages/admin-user-form'
import type { Context, RequestContext } from '../context'
import { commit } from '../db/commit'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { holdReveal } from '../edge/reveal'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import { addFlash, type BrowserSession } from '../identity/sessions'
import { findUserByUsername, type User } from '../identity/users'
import { type CreatedUser, createUser } from '../users/create-user'
import { deleteUser } from '../users/delete-user'
import { type AppsChoice, ownedApps } from '../users/owned-apps'
import { type UserProblem, UserRefused } from '../users/refused'
import { updateUser } from '../users/update-user'
import { byId, requireUser, USERS_PATH, userPath } from './user-pages'
import { refusalText, statusOf } from './user-refusals'
import { appView } from './user-views'

const text = t.Optional(t.String())
const createBody = t.Object({
  ...{ csrf_token: text, username: text, email: text, full_name: text, role: text, password: text },
  ...{ no_auto_link: text, reuse_username: text },
})
const editBody = t.Object({
  ...{ csrf_token: text, email: text, full_name: text, role: text, no_auto_link: text, version: text },
})
const deleteBody = t.Object({ csrf_token: text, apps: text, transfer_to: text })

const EMPTY = { username: '', email: '', fullName: '', role: 'user', noAutoLink: false }

export const adminUserForms = (context: Context) =>
  adminSurface(context)
    .get(`${USERS_PATH}/new`, ({ ctx, session }) => form(ctx, session, { values: EMPTY }), { response: t.Any() })
    .post(
      USERS_PATH,
      async ({ ctx, session, body }) => {
        requireRecentLogin(ctx, session)
        const typed = { ...valuesOf(body), username: body.username ?? '', password: body.password ?? '' }
        const reuseUsername = body.reuse_username === '1'
        try {
          return await create(ctx, session, { ...typed, reuseUsername })
        } catch (error) {
          if (!(error instanceof UserRefused)) throw error
          const offerReuse = error.problem === 'username_retired'
          return form(ctx, session, { values: typed, offerReuse }, error)
        }
      },
      { body: createBody, response: t.Any() },
    )
    .get(
      `${USERS_PATH}/:id/edit`,
      async ({ ctx, session, params }) => {
        const user = await requireUser(ctx, params.id)
        return form(ctx, session, { user: edited(user, session), values: storedValues(user) })
      },
      { params: byId, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id`,
      async ({ ctx, session, params, body }) => {
        requireRecentLogin(ctx, session)
        const user = await requireUser(ctx, params.id)
        const typed = valuesOf(body)
        const version = /^\d{1,15}$/.test(body.version ?? '') ? Number(body.version) : undefined
        try {
          const { roleChanged, sessionsEnded } = await updateUser(ctx, session.user, user, { ...typed, version })
          return await done(ctx, session, userPath(user.id), ({ adminUsers: m }) =>
            roleChanged ? m.updatedRole(sessionsEnded) : m.updated,
          )
        } catch (error) {
          if (!(error instanceof UserRefused)) throw error
          const latest = await requireUser(ctx, params.id)
          const values = { ...storedValues(latest), ...typed, role: typed.role || latest.role }
          return form(ctx, session, { user: edited(latest, session), values }, error)
        }
      },
      { params: byId, body: editBody, response: t.Any() },
    )
    .get(
      `${USERS_PATH}/:id/delete`,
      async ({ ctx, session, params }) => confirmDeletion(ctx, session, await requireUser(ctx, params.id), {}),
      { params: byId, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/delete`,
      async ({ ctx, session, params, body }) => {
        requireRecentLogin(ctx, session)
        const user = await requireUser(ctx, params.id)
        try {
          const ended = await deleteUser(ctx, session.user, user, await appsChoice(ctx, body))
          return await done(ctx, session, USERS_PATH, ({ adminUsers: m }) => m.wasDeleted(ended))
        } catch (error) {
          if (!(error instanceof UserRefused)) throw error
          return confirmDeletion(ctx, session, user, body, error)
        }
      },
      { params: byId, body: deleteBody, response: t.Any() },
    )

/** Says it on the next page. */
export async function done(
  ctx: RequestContext,
  session: BrowserSession,
  path: string,
  message: (t: Messages) => string,
): Promise<Response> {
  await commit(ctx, [addFlash(session, message(messagesFor(ctx, session)))])
  return redirectTo(ctx, path)
}

/** A typed password is known to who typed it and not shown again; a generated one is shown once. */
async function create(
  ctx: RequestContext,
  session: BrowserSession,
  input: Parameters<typeof createUser>[2],
): Promise<Response> {
  const m = messagesFor(ctx, session).adminUsers
  const storedAs = ({ username }: User): string[] =>
    username === input.username ? [] : [m.storedAs(input.username.trim(), username)]
  let path: string | undefined
  const alongside = ({ user, generatedPassword }: CreatedUser) => {
    if (generatedPassword === undefined)
      return [addFlash(session, [m.createdText(user.username), ...storedAs(user)].join(' '))]
    const revealed = holdReveal(ctx, session, {
      title: m.createdTitle,
      notices: [m.createdText(user.username), ...storedAs(user), m.passwordOnce],
      secrets: [{ label: m.password, value: generatedPassword }],
      next: { label: m.toUser, path: userPath(user.id) },
    })
    path = revealed.path
    return [revealed.statement]
  }
  const { user } = await createUser(ctx, session.user, input, alongside)
  return redirectTo(ctx, path ?? userPath(user.id))
}

const valuesOf = (body: {
  readonly email?: string
  readonly full_name?: string
  readonly role?: string
  readonly no_auto_link?: string
}) => ({
  email: body.email ?? '',
  fullName: body.full_name ?? '',
  role: body.role ?? '',
  noAutoLink: body.no_auto_link === '1',
})

const storedValues = (user: User) => ({
  username: user.username,
  email: user.email,
  fullName: user.fullName,
  role: user.role,
  // Nobody vouches for an administrator's address, whatever was ticked.
  noAutoLink: user.emailVouchedBy === null && user.role !== 'admin',
})

const edited = ({ id, username, version }: User, session: BrowserSession) => ({
  ...{ id, username, version },
  own: id === session.user.id,
})

const FIELDS: Readonly<Partial<Record<UserProblem, UserField>>> = {
  username_required: 'username',
  username_long: 'username',
  username_taken: 'username',
  username_retired: 'username',
  email_required: 'email',
  email_invalid: 'email',
  email_taken: 'email',
  name_long: 'full_name',
  role_invalid: 'role',
  own_role: 'role',
  password_unfit: 'password',
}

function form(
  ctx: RequestContext,
  session: BrowserSession,
  props: Omit<UserFormProps, 'problem'>,
  refused?: UserRefused,
): Response {
  const here = props.user ? `${userPath(props.user.id)}/edit` : `${USERS_PATH}/new`
  const frame = pageFrame(ctx, session, { here })
  const problem = refused && { field: FIELDS[refused.problem], text: refusalText(frame.t, refused) }
  const html = adminUserFormPage(frame, { ...props, ...(problem && { problem }) })
  return page(html, { status: refused ? statusOf(refused) : 200 })
}

interface DeletionChoice {
  readonly apps?: string
  readonly transfer_to?: string
}

/** Throws `UserRefused` where the new owner is nobody. */
async function appsChoice(ctx: RequestContext, body: DeletionChoice): Promise<AppsChoice | undefined> {
  if (body.apps === 'deactivate' || body.apps === 'delete') return { kind: body.apps }
  if (body.apps !== 'transfer') return undefined
  const to = await findUserByUsername(ctx, body.transfer_to ?? '')
  if (!to?.isActive) throw new UserRefused('new_owner_unknown')
  return { kind: 'transfer', to }
}

async function confirmDeletion(
  ctx: RequestContext,
  session: BrowserSession,
  user: User,
  typed: DeletionChoice,
  refused?: UserRefused,
): Promise<Response> {
  const own = user.id === session.user.id ? new UserRefused('own_account') : undefined
  const problem = refused ?? own
  const apps = await ownedApps(ctx, user.id)
  const frame = pageFrame(ctx, session, { here: `${userPath(user.id)}/delete` })
  const html = adminUserDeletePage(frame, {
    user: { id: user.id, username: user.username },
    apps: apps.map(appView),
    choice: typed.apps,
    newOwner: typed.transfer_to ?? session.user.username,
    ...(problem && { problem: refusalText(frame.t, problem) }),
  })
  return page(html, { status: problem ? statusOf(problem) : 200 })
}
