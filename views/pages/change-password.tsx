import { Alert } from '../components/alert'
import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden, PasswordField } from '../components/field'
import { AccountPage, FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

const TITLE = 'Change password'

export interface ChangePasswordProps {
  /** The password was set by somebody else: it was just typed to sign in, so it is not asked for again. */
  readonly forced: boolean
  /** Where to go afterwards; checked by the caller. */
  readonly redirect?: string
  readonly problem?: string
}

const PasswordForm = ({ frame, forced, redirect, problem }: ChangePasswordProps & { frame: PageFrame }) => (
  <Form action={`${frame.basePath}/account/change-password`} token={frame.csrfToken} class="grid gap-4">
    {redirect && <Hidden name="redirect" value={redirect} />}
    {problem && <Alert tone="error">{problem}</Alert>}
    {/* Lets password managers see whose password changes. */}
    {frame.user && <input type="text" name="username" value={frame.user.username} autocomplete="username" hidden />}
    {!forced && (
      <PasswordField name="current_password" label="Current password" autocomplete="current-password" autofocus />
    )}
    <PasswordField
      name="password"
      label="New password"
      autocomplete="new-password"
      minLength={12}
      autofocus={forced}
      hint="At least 12 characters. Several words make a good password."
    />
    <PasswordField name="password_confirm" label="New password again" autocomplete="new-password" minLength={12} />
    <SubmitButton wide>Change password</SubmitButton>
  </Form>
)

export function changePasswordPage(frame: PageFrame, props: ChangePasswordProps): JSX.Element {
  if (!props.forced) {
    return (
      <AccountPage frame={frame} title={TITLE} narrow text="Your other browser sessions end when the password changes.">
        <Card>
          <PasswordForm frame={frame} {...props} />
        </Card>
      </AccountPage>
    )
  }
  return (
    <FocusPage
      frame={frame}
      title={TITLE}
      footer={
        <a class="link" href={`${frame.basePath}/logout`}>
          Sign out
        </a>
      }
    >
      <Card>
        <div class="mb-6 text-center">
          <h1 class="page-title">Choose a new password</h1>
          <p class="mt-1 text-sm text-muted">Somebody else set your password. Choose one that only you know.</p>
        </div>
        <PasswordForm frame={frame} {...props} />
      </Card>
    </FocusPage>
  )
}
