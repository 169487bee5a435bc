import { AdminPage } from '../components/admin-page'
import { LinkButton, SubmitButton } from '../components/button'
import { Form, Hidden } from '../components/field'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { figure } from '../numbers'

export interface TokensRevokeProps {
  /** `user_id` or `client_id`. */
  readonly field: 'user_id' | 'client_id'
  readonly id: string
  readonly name: string
  /** Tokens that work now, or would after being enabled. */
  readonly tokens: number
}

/** Says what ends, then asks. The way out comes first. */
export function adminTokensRevokePage(frame: PageFrame, props: TokensRevokeProps): JSX.Element {
  const { field, id, name, tokens } = props
  const t = frame.t.adminTokens
  return (
    <AdminPage
      frame={frame}
      title={t.revokeAllQuestion(name)}
      narrow
      crumbs={[{ label: t.title, path: '/admin/tokens' }]}
    >
      <div class="panel panel-padded grid gap-2 text-sm">
        <p class="font-medium">{t.revokeAllTokens(tokens, figure(frame, tokens))}</p>
        <p class="text-muted">{field === 'user_id' ? t.revokeAllUserText : t.revokeAllClientText}</p>
        <Form
          action={`${frame.basePath}/admin/tokens/revoke-all`}
          token={frame.csrfToken}
          class="mt-4 flex flex-wrap gap-2"
        >
          <Hidden name={field} value={id} />
          <LinkButton look="plain" href={`${frame.basePath}/admin/tokens?${new URLSearchParams({ [field]: id })}`}>
            {frame.t.layout.cancel}
          </LinkButton>
          <SubmitButton look="danger">{t.revokeAll}</SubmitButton>
        </Form>
      </div>
    </AdminPage>
  )
}
