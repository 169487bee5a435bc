import { AdminPage } from '../components/admin-page'
import { Section } from '../components/card'
import { CodeBlock } from '../components/code-block'
import { type Fact, Facts } from '../components/facts'
import { Hidden } from '../components/field'
import { type EventView, RecentEvents } from '../components/recent-events'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import {
  type AdminTokenView,
  TokenActions,
  TokenClient,
  TokenDialogs,
  TokenStatus,
  TokenUser,
} from '../components/token-parts'
import type { PageFrame } from '../frame'
import { Html } from '../html'

/** What the tokens of a grant have in common. */
export interface GrantFactsView {
  readonly id: string
  readonly device: string
  readonly address: string
  readonly audience: string
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt: Date | undefined
  readonly revokedAt: Date | undefined
  readonly replays: number
}

export interface AdminTokenProps {
  readonly token: AdminTokenView & {
    readonly grantType: string
    readonly lastUsedAt: Date | undefined
    readonly revokedAt: Date | undefined
    readonly imported: boolean
  }
  readonly grant: GrantFactsView | undefined
  readonly others: readonly AdminTokenView[]
  readonly events: readonly EventView[]
}

/** Facts on one side; what else came of the grant, and what happened, on the other. */
export function adminTokenPage(frame: PageFrame, props: AdminTokenProps): JSX.Element {
  const { token, grant, others, events } = props
  const t = frame.t.adminTokens
  const back = <Hidden name="back" value="token" />
  return (
    <AdminPage
      frame={frame}
      title={t.detailTitles[token.category]}
      text={`${token.clientName}, ${token.user?.name ?? t.machine}`}
      crumbs={[{ label: t.title, path: '/admin/tokens' }]}
      action={<TokenActions frame={frame} token={token} back={back} />}
    >
      <div class="detail-columns">
        <div class="grid min-w-0 content-start gap-6">
          <section class="panel p-5" aria-labelledby="token-facts">
            <h2 id="token-facts" class="mb-4 text-base font-semibold">
              {t.facts}
            </h2>
            <Facts rows={tokenFacts(frame, token)} />
          </section>
          <section class="panel p-5" aria-labelledby="grant-facts">
            <h2 id="grant-facts" class="mb-1 text-base font-semibold">
              {t.grant}
            </h2>
            <p class="mb-4 text-sm text-muted">{grant ? t.grantText : t.noGrant}</p>
            {grant && <Facts rows={grantFacts(frame, grant)} />}
          </section>
        </div>
        <div class="min-w-0">
          {grant && <Others frame={frame} others={others} />}
          <Section
            id="history"
            title={t.history}
            text={t.historyText}
            action={
              <a
                class="link text-sm"
                href={`${frame.basePath}/admin/audit?${new URLSearchParams({ resource_id: token.id })}`}
              >
                {t.inAudit}
              </a>
            }
          >
            {events.length === 0 ? (
              <p class="panel px-5 py-6 text-sm text-muted">{t.noHistory}</p>
            ) : (
              <RecentEvents frame={frame} events={events} short />
            )}
          </Section>
        </div>
      </div>
      <TokenDialogs frame={frame} token={token} back={back} />
    </AdminPage>
  )
}

const known = (name: string, at: Date | undefined): Fact[] => (at ? [{ name, value: <Time at={at} /> }] : [])

function tokenFacts(frame: PageFrame, token: AdminTokenProps['token']): readonly Fact[] {
  const t = frame.t.adminTokens
  const { grantType, scopes, user } = token
  return [
    { name: t.columns.id, value: <CodeBlock t={frame.t} label={t.columns.id} value={token.id} /> },
    { name: t.columns.status, value: <TokenStatus frame={frame} token={token} /> },
    { name: t.columns.user, value: <TokenUser frame={frame} token={token} /> },
    { name: t.columns.client, value: <TokenClient frame={frame} token={token} /> },
    {
      name: t.grantType,
      value: Object.hasOwn(t.grantTypes, grantType) ? t.grantTypes[grantType as 'device_code'] : grantType,
    },
    {
      name: t.columns.scopes,
      value: <span class="font-mono text-xs wrap-anywhere">{scopes.join(' ') || t.noScopes}</span>,
    },
    { name: t.columns.created, value: <Time at={token.createdAt} /> },
    { name: t.columns.expires, value: <Time at={token.expiresAt} /> },
    ...known(t.lastUsed, token.lastUsedAt),
    ...known(t.revokedAt, token.revokedAt),
    ...(token.imported ? [{ name: t.imported, value: frame.t.adminClients.yes }] : []),
    ...(user?.known
      ? [
          {
            name: t.consent,
            value: (
              <a class="link" href={`${frame.basePath}/admin/users/${encodeURIComponent(user.id)}/authorizations`}>
                {t.permission}
              </a>
            ),
          },
        ]
      : []),
  ]
}

function grantFacts(frame: PageFrame, grant: GrantFactsView): readonly Fact[] {
  const t = frame.t.adminTokens
  return [
    { name: t.grantId, value: <CodeBlock t={frame.t} label={t.grantId} value={grant.id} /> },
    { name: t.device, value: <span class="wrap-anywhere">{grant.device}</span> },
    ...(grant.address === '' ? [] : [{ name: t.address, value: <span class="break-all">{grant.address}</span> }]),
    ...(grant.audience === ''
      ? []
      : [{ name: t.audience, value: <span class="font-mono text-xs wrap-anywhere">{grant.audience}</span> }]),
    { name: t.granted, value: <Time at={grant.createdAt} /> },
    { name: t.lastUsed, value: grant.lastUsedAt ? <Time at={grant.lastUsedAt} /> : t.neverUsed },
    { name: t.grantEnds, value: <Time at={grant.expiresAt} /> },
    ...known(t.grantRevoked, grant.revokedAt),
    ...(grant.replays > 0 ? [{ name: t.replays, value: t.replayTimes(grant.replays) }] : []),
  ]
}

function Others({ frame, others }: { frame: PageFrame; others: readonly AdminTokenView[] }) {
  const t = frame.t.adminTokens
  const columns: readonly Column<AdminTokenView>[] = [
    {
      title: t.columns.category,
      heads: true,
      cell: ({ category, id }) => (
        <>
          <span>{t.categories[category]}</span>
          <p class="mt-0.5 font-mono text-xs font-normal break-all">
            <a class="link" href={`${frame.basePath}/admin/tokens/${encodeURIComponent(id)}`}>
              {id}
            </a>
          </p>
        </>
      ),
    },
    { title: t.columns.status, cell: (token) => <TokenStatus frame={frame} token={token} /> },
    { title: t.columns.created, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: t.columns.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  ]
  return (
    <Section id="others" title={t.others}>
      {others.length === 0 ? (
        <p class="panel px-5 py-6 text-sm text-muted">{t.noOthers}</p>
      ) : (
        <Table caption={t.others} columns={columns} rows={others} />
      )}
    </Section>
  )
}
