import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { RadioGroup } from '../components/choice'
import { Checkbox, Form, Hidden, PasswordField, TextField } from '../components/field'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export type UserField = 'username' | 'email' | 'full_name' | 'role' | 'password'

export interface UserFormProps {
  /** Absent: a new user. */
  readonly user?: { readonly id: string; readonly username: string; readonly version: number; readonly own: boolean }
  readonly values: {
    readonly username: string
    readonly email: string
    readonly fullName: string
    readonly role: string
    readonly noAutoLink: boolean
  }
  readonly problem?: { readonly field: UserField | undefined; readonly text: string }
  /** The name belonged to somebody who was deleted. */
  readonly offerReuse?: boolean
}

export function adminUserFormPage(frame: PageFrame, props: UserFormProps): JSX.Element {
  const { user, values, problem, offerReuse } = props
  const t = frame.t.adminUsers
  const users = `${frame.basePath}/admin/users`
  const action = user ? `${users}/${encodeURIComponent(user.id)}` : users
  const errorOf = (field: UserField) => (problem?.field === field ? { error: problem.text } : {})
  const focus = problem?.field ?? (user ? 'email' : 'username')
  return (
    <AdminPage
      frame={frame}
      title={user ? t.editTitle(user.username) : t.newTitle}
      text={user ? undefined : t.newText}
      narrow
      crumbs={[
        { label: t.title, path: '/admin/users' },
        ...(user ? [{ label: user.username, path: `/admin/users/${encodeURIComponent(user.id)}` }] : []),
      ]}
    >
      {problem && problem.field === undefined && (
        <div class="mb-6">
          <Alert tone="error">{problem.text}</Alert>
        </div>
      )}
      <div class="panel panel-padded">
        <Form action={action} token={frame.csrfToken} class="grid grid-cols-[minmax(0,1fr)] gap-6">
          {user ? (
            <Hidden name="version" value={String(user.version)} />
          ) : (
            <TextField
              name="username"
              label={t.username}
              value={values.username}
              autocomplete="off"
              hint={t.usernameHint}
              autofocus={focus === 'username'}
              maxLength={255}
              {...errorOf('username')}
            />
          )}
          {offerReuse && <Checkbox name="reuse_username" value="1" label={t.reuseUsername} checked={false} />}
          <TextField
            name="email"
            type="email"
            label={t.email}
            value={values.email}
            autocomplete="off"
            autofocus={focus === 'email'}
            maxLength={254}
            {...(values.role !== 'admin' && { hint: t.emailHint })}
            {...errorOf('email')}
          />
          <Checkbox name="no_auto_link" value="1" label={t.noAutoLink} checked={values.noAutoLink} />
          <TextField
            name="full_name"
            label={`${t.fullName} (${t.optional})`}
            value={values.fullName}
            autocomplete="off"
            optional
            maxLength={255}
            {...errorOf('full_name')}
          />
          {user?.own && <Hidden name="role" value={values.role} />}
          <RadioGroup
            name={user?.own ? 'own_role' : 'role'}
            legend={t.role}
            value={values.role}
            disabled={user?.own ?? false}
            options={(['user', 'admin'] as const).map((role) => ({
              value: role,
              label: t.roles[role],
              text: t.roleTexts[role],
            }))}
            {...(user?.own && { hint: t.ownRole })}
            {...errorOf('role')}
          />
          {!user && (
            <PasswordField
              t={frame.t}
              name="password"
              label={`${t.password} (${t.optional})`}
              autocomplete="new-password"
              hint={t.passwordHint}
              optional
              {...errorOf('password')}
            />
          )}
          <div class="flex flex-wrap gap-2">
            <SubmitButton>{user ? t.save : t.create}</SubmitButton>
            <LinkButton look="quiet" href={user ? action : users}>
              {frame.t.layout.cancel}
            </LinkButton>
          </div>
        </Form>
      </div>
    </AdminPage>
  )
}
