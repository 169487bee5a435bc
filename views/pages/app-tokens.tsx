import { Badge } from '../components/badge'
import { OpenButton } from '../components/button'
import { Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import type { ListView } from '../components/list-toolbar'
import { AccountPage } from '../components/page'
import { ListNote, Pager } from '../components/pager'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { grantName } from './apps'

export interface AppGrantView {
  readonly id: string
  /** `undefined`: the app did not ask who it is, or the account is gone. */
  readonly who: string | undefined
  readonly own: boolean
  readonly grant: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly lastUsedAt: Date | undefined
  readonly expiresAt: Date
}

export type MachineTokenView = Pick<AppGrantView, 'id' | 'scopes' | 'createdAt' | 'expiresAt'>

export interface AppTokensProps {
  readonly app: { readonly id: string; readonly name: string }
  readonly list: ListView
  readonly listed: {
    readonly rows: readonly AppGrantView[]
    readonly total: number
    readonly page: number
    readonly pages: number
    /** There may be more that match. */
    readonly cut?: boolean
  }
  readonly machineTokens: readonly MachineTokenView[]
  /** All that work, access and refresh tokens. */
  readonly tokens: number
}

export function appTokensPage(frame: PageFrame, props: AppTokensProps): JSX.Element {
  const { app, list, listed, machineTokens, tokens } = props
  const t = frame.t.apps
  const here = `/apps/${encodeURIComponent(app.id)}`
  return (
    <AccountPage
      frame={frame}
      title={t.tokensTitle}
      text={t.tokensText(app.name)}
      crumbs={[
        { label: t.title, path: '/apps' },
        { label: app.name, path: here },
      ]}
      action={
        tokens > 0 && (
          <OpenButton look="plain" dialog="revoke-all">
            {t.revokeAll}
          </OpenButton>
        )
      }
    >
      <Section id="grants" title={t.grantsTitle} text={t.grantsText}>
        <ListNote frame={frame} list={list} listed={listed} />
        {listed.rows.length === 0 ? (
          <Empty icon="key-round" title={t.noGrants} text={t.noGrantsText} />
        ) : (
          <>
            <Table caption={t.grantsTitle} columns={grantColumns(frame)} rows={listed.rows} />
            <Pager frame={frame} list={list} listed={listed} things={t.grantThings} />
          </>
        )}
      </Section>
      {machineTokens.length > 0 && (
        <Section id="machine-tokens" title={t.machineTitle} text={t.machineText}>
          <Table caption={t.machineTitle} columns={machineColumns(frame)} rows={machineTokens} />
        </Section>
      )}
      <Dialogs frame={frame} {...props} />
    </AccountPage>
  )
}

const whoOf = (frame: PageFrame, { who, own }: AppGrantView): string =>
  own ? frame.t.apps.you : (who ?? frame.t.apps.somebody)

const Scopes = ({ frame, scopes }: { frame: PageFrame; scopes: readonly string[] }) => (
  <span class="font-mono text-xs wrap-anywhere">{scopes.join(' ') || frame.t.apps.noScopes}</span>
)

function grantColumns(frame: PageFrame): readonly Column<AppGrantView>[] {
  const t = frame.t.apps
  return [
    {
      title: t.who,
      heads: true,
      cell: (row) => (
        <>
          <div class="flex flex-wrap items-center gap-2">
            <span class="wrap-anywhere">{row.who ?? (row.own ? t.you : t.somebody)}</span>
            {row.own && row.who && (
              <Badge whole tone="accent">
                {t.you}
              </Badge>
            )}
          </div>
          {row.who === undefined && !row.own && <p class="text-xs font-normal text-muted">{t.somebodyHint}</p>}
        </>
      ),
    },
    {
      title: t.grant,
      cell: ({ grant, scopes }) => (
        <>
          <span>{grantName(frame.t, grant)}</span>
          <p>
            <Scopes frame={frame} scopes={scopes} />
          </p>
        </>
      ),
    },
    { title: t.issued, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: t.lastUsed, cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} /> : t.notYet) },
    { title: t.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      title: t.columns.actions,
      actions: true,
      cell: (row) => (
        <OpenButton look="plain" small dialog={`revoke-${row.id}`} describes={t.revokeGrantOf(whoOf(frame, row))}>
          {t.revoke}
        </OpenButton>
      ),
    },
  ]
}

function machineColumns(frame: PageFrame): readonly Column<MachineTokenView>[] {
  const t = frame.t.apps
  return [
    { title: t.scopes, heads: true, cell: ({ scopes }) => <Scopes frame={frame} scopes={scopes} /> },
    { title: t.issued, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: t.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      title: t.columns.actions,
      actions: true,
      cell: ({ id }) => (
        <OpenButton look="plain" small dialog={`revoke-${id}`} describes={t.revokeMachine}>
          {t.revoke}
        </OpenButton>
      ),
    },
  ]
}

function Dialogs({ frame, app, listed, machineTokens, tokens }: AppTokensProps & { frame: PageFrame }) {
  const t = frame.t.apps
  const here = `${frame.basePath}/apps/${encodeURIComponent(app.id)}`
  const common = { t: frame.t, token: frame.csrfToken }
  return (
    <>
      {tokens > 0 && (
        <Confirm
          {...common}
          id="revoke-all"
          title={t.revokeAllQuestion}
          action={`${here}/tokens/revoke-all`}
          confirmLabel={t.revokeAll}
        >
          {t.revokeAllText(tokens)}
        </Confirm>
      )}
      {listed.rows.map((row) => (
        <Confirm
          {...common}
          id={`revoke-${row.id}`}
          title={t.revokeQuestion}
          action={`${here}/grants/${encodeURIComponent(row.id)}/revoke`}
          confirmLabel={t.revoke}
        >
          {t.revokeGrantText(whoOf(frame, row))}
        </Confirm>
      ))}
      {machineTokens.map(({ id }) => (
        <Confirm
          {...common}
          id={`revoke-${id}`}
          title={t.revokeQuestion}
          action={`${here}/tokens/${encodeURIComponent(id)}/revoke`}
          confirmLabel={t.revoke}
        >
          {t.revokeMachineText}
        </Confirm>
      ))}
    </>
  )
}
