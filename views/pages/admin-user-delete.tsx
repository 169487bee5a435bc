import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { RadioGroup } from '../components/choice'
import { Form, TextField } from '../components/field'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { OwnedAppView } from './admin-user'

export interface UserDeleteProps {
  readonly user: { readonly id: string; readonly username: string }
  readonly apps: readonly OwnedAppView[]
  readonly choice: string | undefined
  readonly newOwner: string
  readonly problem?: string
}

/** Says what goes, and asks what becomes of the applications. The way out comes first. */
export function adminUserDeletePage(frame: PageFrame, props: UserDeleteProps): JSX.Element {
  const { user, apps, choice, newOwner, problem } = props
  const t = frame.t.adminUsers
  const here = `/admin/users/${encodeURIComponent(user.id)}`
  return (
    <AdminPage
      frame={frame}
      title={t.deleteQuestion(user.username)}
      narrow
      crumbs={[
        { label: t.title, path: '/admin/users' },
        { label: user.username, path: here },
      ]}
    >
      {problem && (
        <div class="mb-6">
          <Alert tone="error">{problem}</Alert>
        </div>
      )}
      <div class="panel panel-padded">
        <p class="text-sm wrap-anywhere">{t.deleteText(<strong>{user.username}</strong>)}</p>
        <Form
          action={`${frame.basePath}${here}/delete`}
          token={frame.csrfToken}
          class="mt-6 grid grid-cols-[minmax(0,1fr)] gap-6"
        >
          {apps.length > 0 && (
            <>
              <ul class="list-disc pl-5 text-sm">
                {apps.map(({ name }) => (
                  <li class="wrap-anywhere">{name}</li>
                ))}
              </ul>
              <RadioGroup
                name="apps"
                legend={t.appsQuestion(apps.length)}
                value={choice}
                options={[
                  { value: 'transfer', label: t.appsTransfer, text: t.appsTransferText },
                  { value: 'deactivate', label: t.appsDeactivate, text: t.appsDeactivateText },
                  { value: 'delete', label: t.appsDelete, text: t.appsDeleteText },
                ]}
              />
              <TextField name="transfer_to" label={t.newOwner} value={newOwner} autocomplete="off" optional />
            </>
          )}
          <div class="flex flex-wrap gap-2">
            <LinkButton look="plain" href={frame.basePath + here}>
              {frame.t.layout.cancel}
            </LinkButton>
            <SubmitButton look="danger">{t.deleteUser}</SubmitButton>
          </div>
        </Form>
      </div>
    </AdminPage>
  )
}
