import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { ClientFormFields, type ClientFormValues, type FieldErrors, FormProblems } from '../components/client-form'
import { Form, Hidden } from '../components/field'
import { AccountPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface AppFormProps {
  /** Absent: a new one. */
  readonly app?: {
    readonly id: string
    readonly name: string
    readonly version: number
    readonly notice: 'editActiveNotice' | 'editWaitingNotice' | 'editPendingNotice' | 'editInactiveNotice'
  }
  readonly values: ClientFormValues
  readonly problems: FieldErrors
  /** Why the whole of it was refused. */
  readonly refused?: string
}

export function appFormPage(frame: PageFrame, { app, values, problems, refused }: AppFormProps): JSX.Element {
  const t = frame.t.apps
  const action = app ? `/apps/${encodeURIComponent(app.id)}` : '/apps'
  return (
    <AccountPage
      frame={frame}
      title={app ? t.editTitle : t.newTitle}
      text={app ? undefined : t.newText}
      crumbs={[{ label: t.title, path: '/apps' }, ...(app ? [{ label: app.name, path: action }] : [])]}
    >
      <div class="mb-6 grid max-w-2xl gap-2">
        {refused && <Alert tone="error">{refused}</Alert>}
        {problems.length > 0 && <FormProblems t={frame.t} problems={problems} />}
        <Alert tone="info">{app ? t[app.notice] : t.ownerNotice}</Alert>
      </div>
      <div class="panel panel-padded max-w-2xl">
        <Form action={frame.basePath + action} token={frame.csrfToken} class="grid gap-8">
          {app && <Hidden name="version" value={String(app.version)} />}
          <ClientFormFields
            t={frame.t}
            values={values}
            problems={problems}
            scopesHint={frame.t.clientForm.hints.ownerScopes}
          />
          <div class="flex flex-wrap gap-2">
            <SubmitButton>{app ? t.submitEdit : t.submitNew}</SubmitButton>
            <LinkButton look="quiet" href={frame.basePath + action}>
              {frame.t.layout.cancel}
            </LinkButton>
          </div>
        </Form>
      </div>
    </AccountPage>
  )
}
