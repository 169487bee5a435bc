import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden } from '../components/field'
import { Icon } from '../components/icon'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'

/** Why a request for a logout leads nowhere. */
export type LogoutProblem = keyof Messages['logout']['problems']

export interface ConfirmLogoutProps {
  /** Path below `basePath`. */
  readonly action: string
  /** Sent along with the decision. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** The application that asks, when it is known. */
  readonly clientName?: string
  /** Why the browser will not go back to the application. */
  readonly problem?: LogoutProblem
}

/** An application sent the browser here to sign it out. */
export function confirmLogoutPage(frame: PageFrame, props: ConfirmLogoutProps): JSX.Element {
  const { action, fields, clientName } = props
  const t = frame.t.logout
  return (
    <FocusPage frame={frame} title={t.title}>
      <Card class="text-center">
        <h1 class="page-title">{t.question}</h1>
        <p class="mt-2 text-sm wrap-anywhere text-muted">
          {t.asks(clientName ? <strong class="strong">{clientName}</strong> : t.anApplication)}
          {frame.user && [' ', t.signedInAs(<strong class="strong">{frame.user.name}</strong>)]}
        </p>
        <Problem t={frame.t} problem={props.problem} />
        <Form action={`${frame.basePath}${action}`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          {fields.map(([name, value]) => (
            <Hidden name={name} value={value} />
          ))}
          <LinkButton look="plain" href={`${frame.basePath}/`}>
            {t.stay}
          </LinkButton>
          <SubmitButton>{t.submit}</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}

/** The end of a logout that leads to no application. */
export function signedOutPage(frame: PageFrame, { problem }: { readonly problem?: LogoutProblem }): JSX.Element {
  const t = frame.t.logout
  return (
    <FocusPage frame={frame} title={t.signedOut}>
      <Card class="text-center">
        <div class="state-icon state-good">
          <Icon name="check" class="size-6" />
        </div>
        <h1 class="page-title">{t.signedOut}</h1>
        <p class="mt-2 text-sm text-muted">{t.closeWindow}</p>
        <Problem t={frame.t} problem={problem} />
        <div class="mt-6">
          <LinkButton look="plain" wide href={`${frame.basePath}/login`}>
            {t.signInAgain}
          </LinkButton>
        </div>
      </Card>
    </FocusPage>
  )
}

const Problem = ({ t, problem }: { t: Messages; problem?: LogoutProblem }) => (
  <>
    {problem && (
      <div class="mt-4 text-left">
        <Alert tone="warning">{t.logout.notSentBack(t.logout.problems[problem])}</Alert>
      </div>
    )}
  </>
)
