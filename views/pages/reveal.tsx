import { Alert } from '../components/alert'
import { LinkButton } from '../components/button'
import { AccountPage } from '../components/page'
import { Secret } from '../components/secret'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface RevealProps {
  readonly title: string
  readonly notices: readonly string[]
  readonly secrets: readonly { readonly label: string; readonly value: string; readonly variable?: string }[]
  readonly next: { readonly label: string; readonly path: string }
}

/** What cannot be seen again after this page. */
export function revealPage(frame: PageFrame, { title, notices, secrets, next }: RevealProps): JSX.Element {
  const t = frame.t.reveal
  const lines = secrets.flatMap(({ variable, value }) => (variable === undefined ? [] : [`${variable}=${value}`]))
  return (
    <AccountPage frame={frame} title={title} narrow>
      <div class="panel panel-padded grid grid-cols-[minmax(0,1fr)] gap-5">
        {notices.map((text) => (
          <p class="text-sm wrap-anywhere">{text}</p>
        ))}
        <Alert tone="warning">{t.once}</Alert>
        {secrets.map(({ label, value }) => (
          <Secret t={frame.t} label={label} value={value} />
        ))}
        {lines.length > 0 && (
          <div>
            <p class="field-label">{t.asFile}</p>
            <pre class="secret-file">{lines.join('\n')}</pre>
          </div>
        )}
        <LinkButton href={frame.basePath + next.path} wide>
          {next.label}
        </LinkButton>
      </div>
    </AccountPage>
  )
}
