import { AdminPage } from '../components/admin-page'
import { Alert } from '../components/alert'
import { LinkButton, OpenButton, SubmitButton } from '../components/button'
import { Section } from '../components/card'
import { Select } from '../components/choice'
import { ClientChanges, type ClientChangeView } from '../components/client-changes'
import { CodeBlock } from '../components/code-block'
import { Confirm } from '../components/confirm'
import { type DangerousAction, DangerRows } from '../components/danger-zone'
import { type Fact, Facts } from '../components/facts'
import { Form, Hidden, TextField } from '../components/field'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { type Child, Html, nothing } from '../html'
import type { Messages } from '../messages'
import { boundedFigure } from '../numbers'
import type { AppView } from './app'
import { AppStatusBadge, grantName } from './apps'

export interface AdminClientProps {
  readonly app: AppView
  readonly reach: { readonly tokens: number; readonly consents: number }
  readonly owner: { readonly id: string; readonly username: string } | undefined
  readonly origin: keyof Messages['adminClients']['origins']
  readonly profile: string
  readonly allowIntrospection: boolean
  /** A change that waits for approval. */
  readonly waiting: readonly ClientChangeView[] | undefined
  /** About the application and changes of it, the latest first. */
  readonly decisions: readonly DecisionView[]
  readonly refused?: string
}

export interface DecisionView {
  readonly at: Date
  readonly status: 'approved' | 'rejected'
  readonly by: string
  readonly reason: string
  /** What was proposed; empty where it was about the application itself. */
  readonly changes: readonly ClientChangeView[]
}

export function adminClientPage(frame: PageFrame, props: AdminClientProps): JSX.Element {
  const { app, refused } = props
  const t = frame.t.adminClients
  const here = `${frame.basePath}/admin/clients/${encodeURIComponent(app.id)}`
  return (
    <AdminPage
      frame={frame}
      title={app.name}
      text={app.description}
      crumbs={[{ label: t.title, path: '/admin/clients' }]}
      action={
        <LinkButton look="plain" href={`${here}/edit`}>
          {frame.t.apps.edit}
        </LinkButton>
      }
    >
      {refused && <Alert tone="error">{refused}</Alert>}
      <Waiting frame={frame} here={here} {...props} />
      <Section id="settings" title={frame.t.apps.facts}>
        <div class="panel panel-padded">
          <Facts rows={facts(frame, props)} />
        </div>
      </Section>
      <Decisions frame={frame} decisions={props.decisions} />
      <Section id="danger" title={frame.t.apps.dangerZone}>
        <div class="panel">
          <DangerRows actions={dangerousActions(frame, here, app)} />
        </div>
      </Section>
      <Dialogs frame={frame} here={here} app={app} />
    </AdminPage>
  )
}

type Inner = AdminClientProps & { readonly frame: PageFrame; readonly here: string }

const Press = (props: { frame: PageFrame; action: string; app: AppView; label: string }) => (
  <Form action={props.action} token={props.frame.csrfToken}>
    <Hidden name="version" value={String(props.app.version)} />
    <SubmitButton>{props.label}</SubmitButton>
  </Form>
)

function dangerousActions(frame: PageFrame, here: string, app: AppView): DangerousAction[] {
  const t = frame.t.adminClients
  const opens = (dialog: string, label: string, look: 'plain' | 'danger' = 'plain') => (
    <OpenButton look={look} dialog={dialog}>
      {label}
    </OpenButton>
  )
  return [
    ...(app.status === 'inactive'
      ? [
          {
            text: t.activateText,
            button: <Press frame={frame} action={`${here}/enable`} app={app} label={t.activate} />,
          },
        ]
      : []),
    ...(app.isPublic
      ? []
      : [
          {
            text: app.hasSecret ? t.regenerateText : frame.t.apps.generateText(app.name),
            button: opens('regenerate', app.hasSecret ? frame.t.apps.regenerate : frame.t.apps.generate),
          },
        ]),
    ...(app.status === 'active' ? [{ text: t.deactivateText, button: opens('deactivate', t.deactivate) }] : []),
    { text: t.revokeAllText, button: opens('revoke-all', t.revokeAll) },
    { text: t.deleteText, button: opens('delete', t.delete, 'danger') },
  ]
}

/** What there is to decide, before anything else. */
function Waiting({ frame, here, app, waiting }: Inner) {
  const t = frame.t.adminClients
  if (app.status !== 'pending' && !waiting) return nothing
  return (
    <Section id="waiting" title={waiting ? t.changeTitle : t.waitsTitle} text={waiting ? t.changeText : t.waitsText}>
      <div class="panel panel-padded grid gap-6">
        {waiting && <ClientChanges t={frame.t} changes={waiting} />}
        <Press frame={frame} action={`${here}/approve`} app={app} label={t.approve} />
        <Form action={`${here}/reject`} token={frame.csrfToken} class="grid max-w-xl gap-3">
          <Hidden name="version" value={String(app.version)} />
          <TextField name="reason" label={t.reason} value="" hint={t.rejectText} autocomplete="off" optional />
          <div>
            <SubmitButton look="danger">{t.reject}</SubmitButton>
          </div>
        </Form>
      </div>
    </Section>
  )
}

const Lines = ({ values }: { values: readonly string[] }) => (
  <ul class="grid gap-1">
    {values.map((value) => (
      <li class="font-mono text-xs wrap-anywhere">{value}</li>
    ))}
  </ul>
)

function facts(frame: PageFrame, props: AdminClientProps): Fact[] {
  const { app, owner, origin, profile, allowIntrospection } = props
  const t = frame.t.adminClients
  const a = frame.t.apps
  const form = frame.t.clientForm
  const optional = (name: string, value: string): Fact[] => (value === '' ? [] : [{ name, value }])
  const list = (name: string, values: readonly string[]): Fact[] =>
    values.length === 0 ? [] : [{ name, value: <Lines values={values} /> }]
  const ownerLink: Child = owner ? (
    <a class="link-plain underline" href={`${frame.basePath}/admin/users/${encodeURIComponent(owner.id)}`}>
      {owner.username}
    </a>
  ) : (
    t.noOwner
  )
  return [
    { name: a.clientId, value: <CodeBlock t={frame.t} label={a.clientId} value={app.id} /> },
    { name: a.columns.status, value: <AppStatusBadge t={frame.t} status={app.status} /> },
    { name: t.owner, value: ownerLink },
    { name: t.origin, value: t.origins[origin] },
    { name: form.fields.client_type, value: app.isPublic ? form.public : form.confidential },
    ...(app.isPublic ? [] : [{ name: a.secret, value: app.hasSecret ? a.secretSet : a.secretMissing }]),
    { name: a.columns.grants, value: app.grants.map((grant) => grantName(frame.t, grant)).join(', ') },
    { name: a.scopes, value: <span class="font-mono text-xs wrap-anywhere">{app.scopes.join(' ')}</span> },
    ...list(form.fields.redirect_uris, app.redirectUris),
    ...list(form.fields.post_logout_redirect_uris, app.postLogoutRedirectUris),
    ...optional(form.fields.backchannel_logout_uri, app.backchannelLogoutUri),
    ...optional(form.fields.client_uri, app.uri),
    ...optional(form.fields.project, app.project),
    ...optional(form.fields.service_account, app.serviceAccount),
    { name: t.profile, value: Object.hasOwn(t.profiles, profile) ? t.profiles[profile as 'short'] : profile },
    { name: t.introspection, value: allowIntrospection ? t.yes : t.no },
    { name: a.activeTokens, value: <Reach frame={frame} {...props} /> },
    { name: a.created, value: <Time at={app.createdAt} /> },
    { name: a.updated, value: <Time at={app.updatedAt} /> },
    {
      name: frame.t.layout.nav.audit,
      value: (
        <a class="link-plain underline" href={`${frame.basePath}/admin/audit?client_id=${encodeURIComponent(app.id)}`}>
          {t.audit}
        </a>
      ),
    },
  ]
}

function Reach({ frame, app, reach }: AdminClientProps & { readonly frame: PageFrame }) {
  const { basePath, t } = frame
  const id = encodeURIComponent(app.id)
  return (
    <span class="flex flex-wrap gap-x-3">
      <a class="link-plain underline" href={`${basePath}/admin/tokens?client_id=${id}&status=active`}>
        {t.adminClients.tokensCount(boundedFigure(frame, reach.tokens))}
      </a>
      <a class="link-plain underline" href={`${basePath}/admin/clients/${id}/authorizations`}>
        {t.apps.usersCount(reach.consents)}
      </a>
    </span>
  )
}

function Decisions({ frame, decisions }: { frame: PageFrame; decisions: readonly DecisionView[] }) {
  const t = frame.t.adminClients
  if (decisions.length === 0) return nothing
  const columns: readonly Column<DecisionView>[] = [
    { title: t.decided, heads: true, cell: ({ at }) => <Time at={at} /> },
    { title: t.decision, cell: ({ status }) => t.decisions[status] },
    { title: t.decidedBy, cell: ({ by }) => <span class="wrap-anywhere">{by}</span> },
    { title: t.reason, cell: ({ reason }) => <span class="wrap-anywhere">{reason}</span> },
    {
      title: t.proposed,
      cell: ({ changes }) =>
        changes.length === 0 ? t.theApplication : <ClientChanges t={frame.t} changes={changes} />,
    },
  ]
  return (
    <Section id="decisions" title={t.history} text={t.historyText}>
      <Table caption={t.history} columns={columns} rows={decisions} />
    </Section>
  )
}

const OverlapChoice = ({ frame }: { frame: PageFrame }) => {
  const t = frame.t.apps
  const options = [
    { value: '0', label: t.overlaps.now },
    { value: '3600', label: t.overlaps.hour },
    { value: '86400', label: t.overlaps.day },
    { value: '604800', label: t.overlaps.week },
  ]
  return (
    <div class="w-full">
      <Select name="overlap" label={t.overlap} options={options} value="0" />
    </div>
  )
}

function Dialogs({ frame, here, app }: { frame: PageFrame; here: string; app: AppView }) {
  const t = frame.t.adminClients
  const a = frame.t.apps
  const common = {
    t: frame.t,
    token: frame.csrfToken,
    fields: <Hidden name="version" value={String(app.version)} />,
  }
  return (
    <>
      <Confirm
        {...common}
        id="deactivate"
        title={t.deactivateQuestion}
        action={`${here}/disable`}
        confirmLabel={t.deactivate}
      >
        {t.deactivateText}
      </Confirm>
      <Confirm
        {...common}
        fields={
          <>
            {common.fields}
            {app.hasSecret && <OverlapChoice frame={frame} />}
          </>
        }
        id="regenerate"
        title={app.hasSecret ? a.regenerateTitle : a.generate}
        action={`${here}/regenerate-secret`}
        confirmLabel={app.hasSecret ? a.regenerate : a.generate}
      >
        {app.hasSecret ? a.regenerateText(app.name) : a.generateText(app.name)}
      </Confirm>
      <Confirm
        {...common}
        id="revoke-all"
        title={t.revokeAllQuestion}
        action={`${here}/revoke-all`}
        confirmLabel={t.revokeAll}
      >
        {t.revokeAllText}
      </Confirm>
      <Confirm {...common} id="delete" title={t.deleteQuestion} action={`${here}/delete`} confirmLabel={t.delete}>
        {t.deleteText}
      </Confirm>
    </>
  )
}
