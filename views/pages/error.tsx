import { LinkButton } from '../components/button'
import { Card } from '../components/card'
import { CodeBlock } from '../components/code-block'
import { FocusPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ErrorProps {
  readonly status: number
  readonly title: string
  /** What happened, in a sentence for the reader. */
  readonly explanation: string
  /** What one can do about it. */
  readonly hint?: string
  readonly action?: { readonly label: string; readonly href: string }
}

export function errorPage(frame: PageFrame, props: ErrorProps): JSX.Element {
  const { title, explanation, hint } = props
  const t = frame.t.errors
  const action = props.action ?? { label: t.toStartPage, href: `${frame.basePath}/` }
  return (
    <FocusPage frame={frame} title={title}>
      <Card class="text-center">
        <p class="text-sm font-medium text-muted">{t.status(props.status)}</p>
        <h1 class="page-title mt-1 wrap-anywhere">{title}</h1>
        <p class="mt-3 text-sm wrap-anywhere">{explanation}</p>
        {hint && <p class="mt-2 text-sm wrap-anywhere text-muted">{hint}</p>}
        <div class="mt-6">
          <LinkButton look="plain" wide href={action.href}>
            {action.label}
          </LinkButton>
        </div>
        {frame.requestId && (
          <p class="mt-6 border-t border-base-300 pt-4 text-xs text-muted">
            {t.requestIdToQuote(<CodeBlock t={frame.t} label={t.requestId} value={frame.requestId} />)}
          </p>
        )}
      </Card>
    </FocusPage>
  )
}
