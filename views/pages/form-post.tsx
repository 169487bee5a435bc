import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface FormPostProps {
  /** Address of the client; checked by the caller. */
  readonly action: string
  readonly host: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Brings an answer to the client by form; the script sends it at once, the button without scripts. */
export function formPostPage(frame: PageFrame, { action, host, parameters }: FormPostProps): JSX.Element {
  const t = frame.t.consent.formPost
  return (
    <FocusPage frame={frame} title={t.title} bare>
      <Card>
        <div class="text-center">
          <h1 class="page-title">{t.heading}</h1>
          <p class="mt-1 text-sm wrap-anywhere text-muted">{t.continueTo(<strong class="strong">{host}</strong>)}</p>
        </div>
        <form method="post" action={action} class="mt-6" data-submit-now>
          {Object.entries(parameters).map(([name, value]) => (
            <Hidden name={name} value={value} />
          ))}
          <SubmitButton wide>{t.submit}</SubmitButton>
        </form>
      </Card>
    </FocusPage>
  )
}
