import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { RadioGroup } from '../components/choice'
import { Form, Hidden } from '../components/field'
import { AccountPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface AppSecretProps {
  readonly app: { readonly id: string; readonly name: string; readonly version: number; readonly hasSecret: boolean }
  readonly overlap: string
  readonly refused?: string
}

/** Asks before a secret is replaced, and for how long the old one is still good. */
export function appSecretPage(frame: PageFrame, { app, overlap, refused }: AppSecretProps): JSX.Element {
  const t = frame.t.apps
  const here = `/apps/${encodeURIComponent(app.id)}`
  return (
    <AccountPage
      frame={frame}
      title={app.hasSecret ? t.regenerateTitle : t.generate}
      narrow
      crumbs={[
        { label: t.title, path: '/apps' },
        { label: app.name, path: here },
      ]}
    >
      {refused && (
        <div class="mb-6">
          <Alert tone="error">{refused}</Alert>
        </div>
      )}
      <div class="panel panel-padded">
        <p class="text-sm wrap-anywhere">{app.hasSecret ? t.regenerateText(app.name) : t.generateText(app.name)}</p>
        <Form action={`${frame.basePath}${here}/regenerate-secret`} token={frame.csrfToken} class="mt-6 grid gap-6">
          <Hidden name="version" value={String(app.version)} />
          {app.hasSecret && (
            <RadioGroup
              name="overlap"
              legend={t.overlap}
              value={overlap}
              options={[
                { value: '0', label: t.overlaps.now, text: t.overlaps.nowText },
                { value: '3600', label: t.overlaps.hour },
                { value: '86400', label: t.overlaps.day, text: t.overlaps.dayText },
                { value: '604800', label: t.overlaps.week },
              ]}
            />
          )}
          <div class="flex flex-wrap gap-2">
            <SubmitButton look={app.hasSecret ? 'danger' : 'primary'}>
              {app.hasSecret ? t.regenerate : t.generate}
            </SubmitButton>
            <LinkButton look="quiet" href={frame.basePath + here}>
              {frame.t.layout.cancel}
            </LinkButton>
          </div>
        </Form>
      </div>
    </AccountPage>
  )
}
