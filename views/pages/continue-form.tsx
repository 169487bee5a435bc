import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ContinueFormProps {
  /** Below BASE_URL. */
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
}

/** A form that had to wait, as it was filled in. */
export function continueFormPage(frame: PageFrame, { path, fields }: ContinueFormProps): JSX.Element {
  const t = frame.t.confirm
  return (
    <FocusPage frame={frame} title={t.continueTitle}>
      <Card>
        <h1 class="page-title">{t.continueTitle}</h1>
        <p class="mt-1.5 mb-6 text-sm text-muted">{t.continueText}</p>
        <Form action={frame.basePath + path} token={frame.csrfToken}>
          {Object.entries(fields).map(([name, value]) => (
            <Hidden name={name} value={value} />
          ))}
          <SubmitButton wide>{t.continueSubmit}</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
