import { LinkButton } from '../components/button'
import { Card } from '../components/card'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ProviderContinueProps {
  /** Name of the provider. */
  readonly label: string
  /** Address there. */
  readonly href: string
}

/** Shown for a moment before the browser goes to the provider, and for longer where it does not go by itself. */
export function providerContinuePage(frame: PageFrame, { label, href }: ProviderContinueProps): JSX.Element {
  const { title, text, button } = frame.t.providers.continueTo(label)
  return (
    <FocusPage frame={frame} title={title}>
      <Card>
        <div class="mb-6 text-center">
          <h1 class="page-title">{title}</h1>
          <p class="mt-1 text-sm wrap-anywhere text-muted">{text}</p>
        </div>
        <LinkButton wide href={href}>
          {button}
        </LinkButton>
      </Card>
    </FocusPage>
  )
}
