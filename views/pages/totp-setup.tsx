import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { CodeBlock } from '../components/code-block'
import { CodeField, Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html, raw } from '../html'

export interface TotpSetupProps {
  readonly redirect: string
  /** The server asks for a second factor before anything else. */
  readonly required: boolean
  /** The person may have a passkey instead. */
  readonly passkeys?: boolean
  /** Once it has begun. */
  readonly setup?: {
    readonly id: string
    readonly secret: string
    /** An SVG element, made by the server. */
    readonly qrCode: string
  }
  readonly problem?: string
}

const PATH = '/account/security/totp'

export function totpSetupPage(frame: PageFrame, props: TotpSetupProps): JSX.Element {
  const { redirect, required, passkeys, setup, problem } = props
  const t = frame.t.security
  return (
    <FocusPage frame={frame} title={t.enrolTitle}>
      <Card>
        <h1 class="page-title">{t.enrolTitle}</h1>
        {required && <p class="mt-1.5 text-sm">{t.enrolRequired}</p>}
        {!setup && (
          <>
            <p class="mt-1.5 mb-6 text-sm text-muted">{t.enrolIntro}</p>
            <Form action={`${frame.basePath}${PATH}/begin`} token={frame.csrfToken}>
              <Hidden name="redirect" value={redirect} />
              <SubmitButton wide>{t.begin}</SubmitButton>
            </Form>
            {passkeys && (
              <p class="mt-4 text-center text-sm">
                <a
                  class="link"
                  href={`${frame.basePath}/account/security/passkeys?${new URLSearchParams({ redirect })}`}
                >
                  {t.usePasskey}
                </a>
              </p>
            )}
          </>
        )}
        {setup && (
          <>
            <p class="mt-1.5 text-sm text-muted">{t.scan}</p>
            <div class="mx-auto my-4 w-48 rounded-field bg-white p-2" role="img" aria-label={t.qrCode}>
              {raw(setup.qrCode)}
            </div>
            <p class="text-sm text-muted">{t.orType}</p>
            <p class="mt-1 mb-6">
              <CodeBlock t={frame.t} label={t.key} value={setup.secret} />
            </p>
            <Form action={`${frame.basePath}${PATH}`} token={frame.csrfToken} class="grid gap-5">
              <Hidden name="redirect" value={redirect} />
              <Hidden name="setup" value={setup.id} />
              <CodeField name="code" label={t.code} {...(problem !== undefined && { error: problem })} />
              <SubmitButton wide>{t.enrolSubmit}</SubmitButton>
            </Form>
          </>
        )}
        {!required && (
          <p class="mt-4 text-center text-sm">
            <a class="link" href={`${frame.basePath}/account/security`}>
              {frame.t.layout.cancel}
            </a>
          </p>
        )}
      </Card>
    </FocusPage>
  )
}
