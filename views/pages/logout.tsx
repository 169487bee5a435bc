import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export function logoutPage(frame: PageFrame): JSX.Element {
  return (
    <FocusPage frame={frame} title="Sign out">
      <Card class="text-center">
        <h1 class="page-title">Sign out?</h1>
        <p class="mt-2 text-sm wrap-anywhere text-muted">
          {frame.user && (
            <>
              You are signed in as <strong class="strong">{frame.user.name}</strong>.{' '}
            </>
          )}
          Applications and devices that you allowed stay signed in.
        </p>
        <Form action={`${frame.basePath}/logout`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <LinkButton look="plain" href={`${frame.basePath}/`}>
            Stay signed in
          </LinkButton>
          <SubmitButton>Sign out</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
