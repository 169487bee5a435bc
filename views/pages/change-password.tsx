import { Alert } from '../components/alert'
import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden, PasswordField } from '../components/field'
import { AccountPage, FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

/** Told before the form is sent; the server has the last word. */
const MIN_CHARACTERS = 12

export interface ChangePasswordProps {
  /** The password was set by somebody else: it was just typed to sign in, so it is not asked for again. */
  readonly forced: boolean
  /** Where to go afterwards; checked by the caller. */
  readonly redirect?: string
  readonly problem?: string
}

const PasswordForm = ({ frame, forced, redirect, problem }: ChangePasswordProps & { frame: PageFrame }) => {
  const t = frame.t.password
  return (
    <Form action={`${frame.basePath}/account/change-password`} token={frame.csrfToken} class="grid gap-4">
      {redirect && <Hidden name="redirect" value={redirect} />}
      {problem && <Alert tone="error">{problem}</Alert>}
      {/* Lets password managers see whose password changes. */}
      {frame.user && <input type="text" name="username" value={frame.user.username} autocomplete="username" hidden />}
      {!forced && (
        <PasswordField
          t={frame.t}
          name="current_password"
          label={t.current}
          autocomplete="current-password"
          autofocus
        />
      )}
      <PasswordField
        t={frame.t}
        name="password"
        label={t.new}
        autocomplete="new-password"
        minLength={MIN_CHARACTERS}
        autofocus={forced}
        hint={t.hint(MIN_CHARACTERS)}
      />
      <PasswordField
        t={frame.t}
        name="password_confirm"
        label={t.newAgain}
        autocomplete="new-password"
        minLength={MIN_CHARACTERS}
      />
      <SubmitButton wide>{t.submit}</SubmitButton>
    </Form>
  )
}

export function changePasswordPage(frame: PageFrame, props: ChangePasswordProps): JSX.Element {
  const t = frame.t.password
  if (!props.forced) {
    return (
      <AccountPage frame={frame} title={t.title} narrow text={t.othersEnd}>
        <Card>
          <PasswordForm frame={frame} {...props} />
        </Card>
      </AccountPage>
    )
  }
  return (
    <FocusPage
      frame={frame}
      title={t.title}
      footer={
        <a class="link" href={`${frame.basePath}/logout`}>
          {t.signOut}
        </a>
      }
    >
      <Card>
        <div class="mb-6 text-center">
          <h1 class="page-title">{t.forcedTitle}</h1>
          <p class="mt-1 text-sm text-muted">{t.forcedText}</p>
        </div>
        <PasswordForm frame={frame} {...props} />
      </Card>
    </FocusPage>
  )
}
