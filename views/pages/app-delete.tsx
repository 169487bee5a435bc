import { LinkButton, SubmitButton } from '../components/button'
import { Form, Hidden } from '../components/field'
import { AccountPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface AppDeleteProps {
  readonly app: { readonly id: string; readonly name: string; readonly version: number }
  readonly reach: { readonly tokens: number; readonly consents: number }
}

/** Says what goes; the way out comes first. */
export function appDeletePage(frame: PageFrame, { app, reach }: AppDeleteProps): JSX.Element {
  const t = frame.t.apps
  const here = `/apps/${encodeURIComponent(app.id)}`
  return (
    <AccountPage
      frame={frame}
      title={t.deleteTitle}
      narrow
      crumbs={[
        { label: t.title, path: '/apps' },
        { label: app.name, path: here },
      ]}
    >
      <div class="panel panel-padded">
        <p class="text-sm wrap-anywhere">{t.deleteEffects(app.name)}</p>
        <ul class="mt-3 list-disc pl-5 text-sm">
          {reach.tokens > 0 && <li>{t.effectTokens(reach.tokens)}</li>}
          {reach.consents > 0 && <li>{t.effectUsers(reach.consents)}</li>}
          {reach.tokens + reach.consents === 0 && <li>{t.effectNone}</li>}
        </ul>
        <Form action={`${frame.basePath}${here}/delete`} token={frame.csrfToken} class="mt-6 flex flex-wrap gap-2">
          <Hidden name="version" value={String(app.version)} />
          <LinkButton look="plain" href={frame.basePath + here}>
            {frame.t.layout.cancel}
          </LinkButton>
          <SubmitButton look="danger">{t.deleteConfirm}</SubmitButton>
        </Form>
      </div>
    </AccountPage>
  )
}
