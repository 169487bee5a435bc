import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden, PasswordField } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ConfirmIdentityProps {
  /** Where to go on; one of the two is empty. */
  readonly redirect: string
  readonly held: string
  readonly hasPassword: boolean
  /** Path of the login page that leads back, for those who have no password here. */
  readonly signInAgain: string
  readonly problem?: string
}

/** Asks once more who is there. */
export function confirmIdentityPage(frame: PageFrame, props: ConfirmIdentityProps): JSX.Element {
  const { redirect, held, hasPassword, signInAgain, problem } = props
  const t = frame.t.confirm
  return (
    <FocusPage frame={frame} title={t.title}>
      <Card>
        <h1 class="page-title">{t.title}</h1>
        <p class="mt-1.5 mb-6 text-sm text-muted">{t.text(frame.user?.username ?? '')}</p>
        {hasPassword ? (
          <Form action={`${frame.basePath}/account/confirm`} token={frame.csrfToken} class="grid gap-5">
            <Hidden name="redirect" value={redirect} />
            <Hidden name="held" value={held} />
            <input
              class="hidden"
              type="text"
              name="username"
              value={frame.user?.username}
              autocomplete="username"
              readonly
            />
            <PasswordField
              t={frame.t}
              name="password"
              label={t.password}
              autocomplete="current-password"
              autofocus
              {...(problem !== undefined && { error: problem })}
            />
            <SubmitButton wide>{t.submit}</SubmitButton>
          </Form>
        ) : (
          <LinkButton href={frame.basePath + signInAgain} wide>
            {t.signInAgain}
          </LinkButton>
        )}
      </Card>
    </FocusPage>
  )
}
