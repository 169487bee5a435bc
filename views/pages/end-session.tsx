import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden } from '../components/field'
import { Icon } from '../components/icon'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ConfirmLogoutProps {
  /** Path below `basePath`. */
  readonly action: string
  /** Sent along with the decision. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** The application that asks, when it is known. */
  readonly clientName?: string
  /** Why the browser will not go back to the application. */
  readonly problem?: string
}

/** An application sent the browser here to sign it out. */
export function confirmLogoutPage(frame: PageFrame, props: ConfirmLogoutProps): JSX.Element {
  const { action, fields, clientName } = props
  return (
    <FocusPage frame={frame} title="Sign out">
      <Card class="text-center">
        <h1 class="page-title">Sign out?</h1>
        <p class="mt-2 text-sm wrap-anywhere text-muted">
          {clientName ? <strong class="strong">{clientName}</strong> : 'An application'} asks to sign you out.
          {frame.user && (
            <>
              {' '}
              You are signed in as <strong class="strong">{frame.user.name}</strong>.
            </>
          )}
        </p>
        <Problem text={props.problem} />
        <Form action={`${frame.basePath}${action}`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          {fields.map(([name, value]) => (
            <Hidden name={name} value={value} />
          ))}
          <LinkButton look="plain" href={`${frame.basePath}/`}>
            Stay signed in
          </LinkButton>
          <SubmitButton>Sign out</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}

/** The end of a logout that leads to no application. */
export function signedOutPage(frame: PageFrame, { problem }: { readonly problem?: string }): JSX.Element {
  return (
    <FocusPage frame={frame} title="Signed out">
      <Card class="text-center">
        <div class="state-icon state-good">
          <Icon name="check" class="size-6" />
        </div>
        <h1 class="page-title">Signed out</h1>
        <p class="mt-2 text-sm text-muted">You can close this window.</p>
        <Problem text={problem} />
        <div class="mt-6">
          <LinkButton look="plain" wide href={`${frame.basePath}/login`}>
            Sign in again
          </LinkButton>
        </div>
      </Card>
    </FocusPage>
  )
}

const Problem = ({ text }: { text?: string }) => (
  <>
    {text && (
      <div class="mt-4 text-left">
        <Alert tone="warning">{text} You will not be sent back to it.</Alert>
      </div>
    )}
  </>
)
