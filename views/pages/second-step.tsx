import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { CodeField, Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface SecondStepProps {
  readonly username: string
  readonly redirect: string
  readonly problem?: string
}

/** After the password: the code of the authenticator app, or one that stands in for it. */
export function secondStepPage(frame: PageFrame, { username, redirect, problem }: SecondStepProps): JSX.Element {
  const t = frame.t.security
  return (
    <FocusPage frame={frame} title={t.stepTitle}>
      <Card>
        <h1 class="page-title">{t.stepTitle}</h1>
        <p class="mt-1.5 mb-6 text-sm wrap-anywhere text-muted">{t.stepText(username)}</p>
        <Form action={`${frame.basePath}/login/second-step`} token={frame.csrfToken} class="grid gap-5">
          <Hidden name="redirect" value={redirect} />
          <CodeField name="code" label={t.stepCode} {...(problem !== undefined && { error: problem })} />
          <SubmitButton wide>{t.stepSubmit}</SubmitButton>
        </Form>
        <p class="mt-5 text-center text-sm">
          <a class="link" href={`${frame.basePath}/login?${new URLSearchParams({ prompt: 'login', redirect })}`}>
            {t.stepOther}
          </a>
        </p>
      </Card>
    </FocusPage>
  )
}
