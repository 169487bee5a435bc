/** A token as administrators see it, in the list and on its own page. */
import type { PageFrame } from '../frame'
import { type Child, Html, nothing } from '../html'
import type { Messages } from '../messages'
import { Badge } from './badge'
import { OpenButton, SubmitButton } from './button'
import { Confirm } from './confirm'
import { Form } from './field'

export interface AdminTokenView {
  readonly id: string
  /** Undefined: the application got it for itself. */
  readonly user: { readonly id: string; readonly name: string; readonly known: boolean } | undefined
  readonly clientId: string
  readonly clientName: string
  readonly clientKnown: boolean
  readonly category: 'access' | 'refresh'
  readonly status: 'active' | 'disabled' | 'revoked'
  /** Disabled by the user, who can enable it again. */
  readonly byOwner: boolean
  readonly expired: boolean
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
}

const userName = (t: Messages, { user }: AdminTokenView): string => user?.name ?? t.adminTokens.machine

const pathOf = (frame: PageFrame, { id }: AdminTokenView, action: string): string =>
  `${frame.basePath}/admin/tokens/${encodeURIComponent(id)}/${action}`

export function TokenUser({ frame, token }: { frame: PageFrame; token: AdminTokenView }) {
  const { user } = token
  if (!user) return <span class="inline-block min-w-24 text-muted">{frame.t.adminTokens.machine}</span>
  if (!user.known)
    return (
      <>
        <span class="font-mono text-xs break-all">{user.name}</span>
        <p class="text-xs font-normal text-muted">{frame.t.adminTokens.gone}</p>
      </>
    )
  return (
    <a
      class="inline-block min-w-24 wrap-anywhere hover:underline"
      href={`${frame.basePath}/admin/users/${encodeURIComponent(user.id)}`}
    >
      {user.name}
    </a>
  )
}

export const TokenClient = ({ frame, token }: { frame: PageFrame; token: AdminTokenView }) =>
  token.clientKnown ? (
    <a
      class="wrap-anywhere hover:underline"
      href={`${frame.basePath}/admin/clients/${encodeURIComponent(token.clientId)}`}
    >
      {token.clientName}
    </a>
  ) : (
    <>
      <span class="font-mono text-xs break-all">{token.clientId}</span>
      <p class="text-xs text-muted">{frame.t.adminTokens.gone}</p>
    </>
  )

const TONES = { active: 'good', disabled: 'warning', revoked: 'bad' } as const

export function TokenStatus({ frame, token }: { frame: PageFrame; token: AdminTokenView }) {
  const t = frame.t.adminTokens
  const { status, expired, byOwner } = token
  return (
    <span class="flex flex-wrap gap-1.5">
      {!(expired && status === 'active') && (
        <Badge whole tone={TONES[status]}>
          {t.statuses[status]}
        </Badge>
      )}
      {expired && <Badge whole>{t.expired}</Badge>}
      {status === 'disabled' && byOwner && <span class="text-xs text-muted">{t.byOwner}</span>}
    </span>
  )
}

interface ActionProps {
  readonly frame: PageFrame
  readonly token: AdminTokenView
  /** Sent along: where to go afterwards. */
  readonly back: Child
}

/** What may be done about it now; the dialogs of `TokenDialogs` ask once more. */
export function TokenActions({ frame, token, back }: ActionProps) {
  const t = frame.t.adminTokens
  const describes = (action: string) => t.describe(action, token.clientName, userName(frame.t, token))
  if (token.status === 'revoked') return nothing
  return (
    <span class="flex flex-wrap gap-2 xl:flex-nowrap">
      {token.status === 'active' ? (
        <OpenButton look="plain" small dialog={`disable-${token.id}`} describes={describes(t.disable)}>
          {t.disable}
        </OpenButton>
      ) : (
        <Form action={pathOf(frame, token, 'enable')} token={frame.csrfToken}>
          {back}
          <SubmitButton look="plain" small describes={describes(t.enable)}>
            {t.enable}
          </SubmitButton>
        </Form>
      )}
      <OpenButton look="plain" small dialog={`revoke-${token.id}`} describes={describes(t.revoke)}>
        {t.revoke}
      </OpenButton>
    </span>
  )
}

export function TokenDialogs({ frame, token, back }: ActionProps) {
  const t = frame.t.adminTokens
  const { id, status, clientName } = token
  if (status === 'revoked') return nothing
  const common = { t: frame.t, token: frame.csrfToken, fields: back }
  return (
    <>
      <Confirm
        {...common}
        id={`revoke-${id}`}
        title={t.revokeQuestion}
        action={pathOf(frame, token, 'revoke')}
        confirmLabel={t.revoke}
      >
        {t.revokeText(clientName, userName(frame.t, token))}
      </Confirm>
      {status === 'active' && (
        <Confirm
          {...common}
          id={`disable-${id}`}
          title={t.disableQuestion}
          action={pathOf(frame, token, 'disable')}
          confirmLabel={t.disable}
        >
          {t.disableText(clientName, userName(frame.t, token))}
        </Confirm>
      )}
    </>
  )
}
