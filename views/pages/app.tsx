import { Alert } from '../components/alert'
import { LinkButton, OpenButton, SubmitButton } from '../components/button'
import { Section } from '../components/card'
import { ClientChanges, type ClientChangeView } from '../components/client-changes'
import { CodeBlock } from '../components/code-block'
import { Confirm } from '../components/confirm'
import { type Fact, Facts } from '../components/facts'
import { Form, Hidden } from '../components/field'
import { AccountPage } from '../components/page'
import { Snippets, type SnippetView } from '../components/snippets'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { boundedFigure } from '../numbers'
import { type AppStatus, AppStatusBadge, grantName } from './apps'

export interface AppView {
  readonly id: string
  readonly version: number
  readonly name: string
  readonly description: string
  readonly uri: string
  readonly status: AppStatus
  readonly isPublic: boolean
  readonly hasSecret: boolean
  /** Until when the secret before the present one works. */
  readonly previousUntil: Date | undefined
  readonly grants: readonly string[]
  readonly scopes: readonly string[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri: string
  readonly project: string
  readonly serviceAccount: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface AppProps {
  readonly app: AppView
  readonly reach: { readonly tokens: number; readonly consents: number }
  /** What waits for approval. */
  readonly waiting: readonly ClientChangeView[] | undefined
  /** Of the last decision, when it was a refusal that still matters. */
  readonly rejection: { readonly reason: string; readonly changes: readonly ClientChangeView[] } | undefined
  readonly snippets: readonly SnippetView[]
  readonly refused?: string
}

export function appPage(frame: PageFrame, props: AppProps): JSX.Element {
  const { app, waiting, snippets, refused } = props
  const t = frame.t.apps
  const here = `${frame.basePath}/apps/${encodeURIComponent(app.id)}`
  return (
    <AccountPage
      frame={frame}
      title={app.name}
      text={app.description}
      crumbs={[{ label: t.title, path: '/apps' }]}
      action={
        <LinkButton look="plain" href={`${here}/edit`}>
          {t.edit}
        </LinkButton>
      }
    >
      <div class="grid gap-2">
        {refused && <Alert tone="error">{refused}</Alert>}
        <State frame={frame} here={here} {...props} />
      </div>
      {waiting && (
        <Section
          id="waiting"
          title={t.waitingTitle}
          text={t.waitingText}
          action={
            <OpenButton look="plain" small dialog="withdraw">
              {t.withdraw}
            </OpenButton>
          }
        >
          <div class="panel panel-padded">
            <ClientChanges t={frame.t} changes={waiting} />
          </div>
        </Section>
      )}
      <Section id="settings" title={t.facts}>
        <div class="panel panel-padded">
          <Facts rows={facts(frame, here, props)} />
        </div>
      </Section>
      {snippets.length > 0 && (
        <Section
          id="quick-start"
          title={t.quickStart}
          text={app.isPublic ? t.quickStartText : [t.quickStartText, ' ', t.secretVariable]}
        >
          <Snippets t={frame.t} snippets={snippets} />
        </Section>
      )}
      <Section id="danger" title={t.dangerZone}>
        <div class="panel panel-padded flex flex-wrap items-center justify-between gap-4">
          <p class="max-w-prose text-sm text-muted">{app.status === 'active' ? t.deleteActiveText : t.deleteText}</p>
          {app.status !== 'active' && (
            <LinkButton look="danger" href={`${here}/delete`}>
              {t.deleteApp}
            </LinkButton>
          )}
        </div>
      </Section>
      <Dialogs frame={frame} here={here} {...props} />
    </AccountPage>
  )
}

type Inner = AppProps & { readonly frame: PageFrame; readonly here: string }

function State({ frame, here, app, rejection }: Inner) {
  const t = frame.t.apps
  const reason = rejection && rejection.reason !== '' && <p class="mt-1">{t.reason(rejection.reason)}</p>
  if (app.status === 'pending') return <Alert tone="warning">{t.pendingText}</Alert>
  if (app.status === 'inactive')
    return (
      <Alert tone="error">
        <p>{t.inactiveText}</p>
        {reason}
        <Form action={`${here}/resubmit`} token={frame.csrfToken} class="mt-3">
          <Hidden name="version" value={String(app.version)} />
          <SubmitButton look="plain" small>
            {t.resubmit}
          </SubmitButton>
        </Form>
      </Alert>
    )
  return (
    <>
      <Alert tone="success">{t.activeText}</Alert>
      {rejection && (
        <Alert tone="warning">
          <p>{t.rejectedChange}</p>
          {reason}
          <div class="mt-3">
            <ClientChanges t={frame.t} changes={rejection.changes} />
          </div>
        </Alert>
      )}
    </>
  )
}

const Lines = ({ values }: { values: readonly string[] }) => (
  <ul class="grid gap-1">
    {values.map((value) => (
      <li class="font-mono text-xs wrap-anywhere">{value}</li>
    ))}
  </ul>
)

function facts(frame: PageFrame, here: string, { app, reach }: AppProps): Fact[] {
  const t = frame.t.apps
  const form = frame.t.clientForm
  const optional = (name: string, value: string): Fact[] => (value === '' ? [] : [{ name, value }])
  const list = (name: string, values: readonly string[]): Fact[] =>
    values.length === 0 ? [] : [{ name, value: <Lines values={values} /> }]
  return [
    { name: t.clientId, value: <CodeBlock t={frame.t} label={t.clientId} value={app.id} /> },
    ...(app.isPublic ? [] : [{ name: t.secret, value: <SecretFact frame={frame} here={here} app={app} /> }]),
    { name: t.columns.status, value: <AppStatusBadge t={frame.t} status={app.status} /> },
    { name: form.fields.client_type, value: app.isPublic ? form.public : form.confidential },
    { name: t.columns.grants, value: app.grants.map((grant) => grantName(frame.t, grant)).join(', ') },
    { name: t.scopes, value: <span class="font-mono text-xs">{app.scopes.join(' ')}</span> },
    ...list(form.fields.redirect_uris, app.redirectUris),
    ...list(form.fields.post_logout_redirect_uris, app.postLogoutRedirectUris),
    ...optional(form.fields.backchannel_logout_uri, app.backchannelLogoutUri),
    ...optional(form.fields.client_uri, app.uri),
    ...optional(form.fields.project, app.project),
    ...optional(form.fields.service_account, app.serviceAccount),
    {
      name: t.activeTokens,
      value: (
        <span class="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span>
            {boundedFigure(frame, reach.tokens)} · {t.usersCount(reach.consents)}
          </span>
          <a class="link-plain underline" href={`${here}/tokens`}>
            {t.seeTokens}
          </a>
        </span>
      ),
    },
    { name: t.created, value: <Time at={app.createdAt} /> },
    { name: t.updated, value: <Time at={app.updatedAt} /> },
  ]
}

function SecretFact({ frame, here, app }: { frame: PageFrame; here: string; app: AppView }): JSX.Element {
  const t = frame.t.apps
  return (
    <div class="grid justify-items-start gap-2">
      <p>{app.hasSecret ? t.secretSet : t.secretMissing}</p>
      <LinkButton look="plain" small href={`${here}/regenerate-secret`}>
        {app.hasSecret ? t.regenerate : t.generate}
      </LinkButton>
      {app.previousUntil && (
        <div class="flex flex-wrap items-center gap-x-3 gap-y-2">
          <span>
            {t.previousUntil} <Time at={app.previousUntil} />
          </span>
          <OpenButton look="plain" small dialog="end-overlap">
            {t.endOverlap}
          </OpenButton>
        </div>
      )}
    </div>
  )
}

function Dialogs({ frame, here, app, waiting }: Inner) {
  const t = frame.t.apps
  const common = {
    t: frame.t,
    token: frame.csrfToken,
    fields: <Hidden name="version" value={String(app.version)} />,
  }
  return (
    <>
      {waiting && (
        <Confirm
          {...common}
          id="withdraw"
          title={t.withdrawQuestion}
          action={`${here}/withdraw`}
          confirmLabel={t.withdraw}
        >
          {t.withdrawText}
        </Confirm>
      )}
      {app.previousUntil && (
        <Confirm
          {...common}
          id="end-overlap"
          title={t.endOverlapQuestion}
          action={`${here}/end-overlap`}
          confirmLabel={t.endOverlap}
        >
          {t.endOverlapText}
        </Confirm>
      )}
    </>
  )
}
