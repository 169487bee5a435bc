import { Alert } from '../components/alert'
import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { CodeField, Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import { PasskeyForm } from '../components/passkey-form'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface SecondStepProps {
  readonly username: string
  readonly redirect: string
  /** What the account has. */
  readonly totp: boolean
  readonly passkeys: boolean
  readonly problem?: string
  readonly passkeyProblem?: string
}

/** After the password: the code of the authenticator app, a passkey, or a code that stands in for them. */
export function secondStepPage(frame: PageFrame, props: SecondStepProps): JSX.Element {
  const { username, redirect, totp, passkeys, passkeyProblem } = props
  const t = frame.t.security
  const action = `${frame.basePath}/login/second-step`
  return (
    <FocusPage frame={frame} title={t.stepTitle}>
      <Card>
        <h1 class="page-title">{t.stepTitle}</h1>
        <p class="mt-1.5 mb-6 text-sm wrap-anywhere text-muted">
          {totp || !passkeys ? t.stepText(username) : t.stepTextPasskey(username)}
        </p>
        {passkeyProblem && (
          <div class="mb-4">
            <Alert tone="error">{passkeyProblem}</Alert>
          </div>
        )}
        {totp && <CodeForm frame={frame} {...props} action={action} label={t.stepCode} />}
        {passkeys && (
          <>
            {!totp && (
              <p class="text-sm text-muted" data-without-passkeys>
                {t.stepNeedsScripts}
              </p>
            )}
            <PasskeyForm
              action={`${action}/passkey`}
              options={`${action}/passkey/options`}
              token={frame.csrfToken}
              label={t.stepUsePasskey}
              main={!totp}
              fields={<Hidden name="redirect" value={redirect} />}
              {...(totp && { separator: frame.t.providers.or })}
            />
          </>
        )}
        {!totp && <RecoveryCode frame={frame} {...props} action={action} label={t.stepRecoveryCode} />}
        <p class="mt-5 text-center text-sm">
          <a class="link" href={`${frame.basePath}/login?${new URLSearchParams({ prompt: 'login', redirect })}`}>
            {t.stepOther}
          </a>
        </p>
      </Card>
    </FocusPage>
  )
}

type CodeFormProps = SecondStepProps & { frame: PageFrame; action: string; label: string }

const CodeForm = ({ frame, action, redirect, label, totp, problem }: CodeFormProps) => (
  <Form action={action} token={frame.csrfToken} class="grid gap-5">
    <Hidden name="redirect" value={redirect} />
    <CodeField name="code" label={label} later={!totp} {...(problem !== undefined && { error: problem })} />
    <SubmitButton wide look={totp ? 'primary' : 'plain'}>
      {frame.t.security.stepSubmit}
    </SubmitButton>
  </Form>
)

/** Out of the way while there is a passkey to use. */
const RecoveryCode = (props: CodeFormProps) => (
  <details class="mt-5 text-center" open={!props.passkeys || props.problem !== undefined}>
    <summary class="cursor-pointer text-sm link">{props.frame.t.security.stepUseRecoveryCode}</summary>
    <div class="mt-4 text-left">
      <CodeForm {...props} />
    </div>
  </details>
)
