import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { CodeField, Form, Hidden, PasswordField } from '../components/field'
import { FocusPage } from '../components/page'
import { PasskeyForm } from '../components/passkey-form'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ConfirmIdentityProps {
  /** Where to go on; one of the two is empty. */
  readonly redirect: string
  readonly held: string
  readonly hasPassword: boolean
  /** The account has a second factor: what can be typed as one. */
  readonly asksFor?: 'code' | 'recovery_code'
  /** The person has a passkey, which proves as much as password and code. */
  readonly passkeys?: boolean
  /** Other systems the person can sign in through; paths below BASE_URL. */
  readonly providers?: readonly { readonly label: string; readonly path: string }[]
  /** Path of the login page that leads back, for those who have no password here. */
  readonly signInAgain: string
  readonly problem?: string
  readonly codeProblem?: string
  readonly passkeyProblem?: string
}

/** Asks once more who is there. */
export function confirmIdentityPage(frame: PageFrame, props: ConfirmIdentityProps): JSX.Element {
  const { redirect, held, hasPassword, asksFor, passkeys, providers = [], signInAgain } = props
  const { problem, codeProblem, passkeyProblem } = props
  const t = frame.t.confirm
  return (
    <FocusPage frame={frame} title={t.title}>
      <Card>
        <h1 class="page-title">{t.title}</h1>
        <p class="mt-1.5 mb-6 text-sm text-muted">{t.text(frame.user?.username ?? '')}</p>
        {passkeyProblem && (
          <div class="mb-4">
            <Alert tone="error">{passkeyProblem}</Alert>
          </div>
        )}
        {hasPassword && (
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
            {asksFor && (
              <CodeField
                name="code"
                label={asksFor === 'code' ? frame.t.security.stepCode : frame.t.security.stepRecoveryCode}
                later
                {...(codeProblem !== undefined && { error: codeProblem })}
              />
            )}
            <SubmitButton wide>{t.submit}</SubmitButton>
          </Form>
        )}
        {passkeys && (
          <PasskeyForm
            action={`${frame.basePath}/account/confirm/passkey`}
            options={`${frame.basePath}/account/confirm/passkey/options`}
            token={frame.csrfToken}
            label={t.withPasskey}
            fields={
              <>
                <Hidden name="redirect" value={redirect} />
                <Hidden name="held" value={held} />
              </>
            }
            {...(hasPassword && { separator: t.or })}
          />
        )}
        {hasPassword && providers.length > 0 && <p class="my-4 text-center text-sm text-muted">{t.or}</p>}
        <div class="grid gap-2">
          {providers.map(({ label, path }) => (
            <LinkButton look={hasPassword ? 'plain' : 'primary'} href={frame.basePath + path} wide>
              {t.confirmAt(label)}
            </LinkButton>
          ))}
          {!hasPassword && providers.length === 0 && (
            <LinkButton href={frame.basePath + signInAgain} wide>
              {t.signInAgain}
            </LinkButton>
          )}
        </div>
      </Card>
    </FocusPage>
  )
}
