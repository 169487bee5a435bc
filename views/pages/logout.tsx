import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export function logoutPage(frame: PageFrame): JSX.Element {
  const t = frame.t.logout
  return (
    <FocusPage frame={frame} title={t.title}>
      <Card class="text-center">
        <h1 class="page-title">{t.question}</h1>
        <p class="mt-2 text-sm wrap-anywhere text-muted">
          {frame.user && [t.signedInAs(<strong class="strong">{frame.user.name}</strong>), ' ']}
          {t.othersStay}
        </p>
        <Form action={`${frame.basePath}/logout`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <LinkButton look="plain" href={`${frame.basePath}/`}>
            {t.stay}
          </LinkButton>
          <SubmitButton>{t.submit}</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
