import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { Select } from '../components/choice'
import { ClientFormFields, type ClientFormValues, type FieldErrors, FormProblems } from '../components/client-form'
import { Checkbox, Form, Hidden } from '../components/field'
import type { PageFrame } from '../frame'
import { Html } from '../html'

interface AdminClientFormProps {
  /** Absent: a new one. */
  readonly app?: { readonly id: string; readonly name: string; readonly version: number }
  readonly values: ClientFormValues & { readonly tokenProfile: string; readonly allowIntrospection: boolean }
  readonly problems: FieldErrors
  readonly refused?: string
}

const PROFILES = ['short', 'standard', 'long'] as const

export function adminClientFormPage(frame: PageFrame, props: AdminClientFormProps): JSX.Element {
  const { app, values, problems, refused } = props
  const t = frame.t.adminClients
  const action = app ? `/admin/clients/${encodeURIComponent(app.id)}` : '/admin/clients'
  return (
    <AdminPage
      frame={frame}
      title={app ? frame.t.apps.editTitle : t.create}
      text={app ? undefined : t.newText}
      crumbs={[{ label: t.title, path: '/admin/clients' }, ...(app ? [{ label: app.name, path: action }] : [])]}
    >
      <div class="mb-6 grid max-w-2xl gap-2">
        {refused && <Alert tone="error">{refused}</Alert>}
        {problems.length > 0 && <FormProblems t={frame.t} problems={problems} />}
      </div>
      <div class="panel panel-padded max-w-2xl">
        <Form action={frame.basePath + action} token={frame.csrfToken} class="grid gap-8">
          {app && <Hidden name="version" value={String(app.version)} />}
          <Hidden name="has_allow_introspection" value="true" />
          <ClientFormFields
            t={frame.t}
            values={values}
            problems={problems}
            scopesHint={frame.t.clientForm.hints.scopes}
          >
            <Select
              name="token_profile"
              label={t.profile}
              value={values.tokenProfile || 'standard'}
              options={PROFILES.map((value) => ({ value, label: t.profiles[value] }))}
            />
            <div>
              <Checkbox
                name="allow_introspection"
                value="true"
                label={t.introspection}
                checked={values.allowIntrospection}
              />
              <p class="text-sm text-muted">{t.introspectionText}</p>
            </div>
          </ClientFormFields>
          <div class="flex flex-wrap gap-2">
            <SubmitButton>{app ? frame.t.apps.submitEdit : t.create}</SubmitButton>
            <LinkButton look="quiet" href={frame.basePath + action}>
              {frame.t.layout.cancel}
            </LinkButton>
          </div>
        </Form>
      </div>
    </AdminPage>
  )
}
