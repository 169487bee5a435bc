import { LinkButton } from '../components/button'
import { Card, Section } from '../components/card'
import { Empty } from '../components/empty'
import { type Fact, Facts } from '../components/facts'
import { AccountPage } from '../components/page'
import { SignIns, type SignInView } from '../components/sign-ins'
import { Stat } from '../components/stat'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { boundedFigure } from '../numbers'

const COUNTED = ['sessions', 'grants', 'authorizations', 'connections'] as const

/** Nobody needs to know exactly how many more there are. */
const MOST_COUNTED: { readonly [Name in (typeof COUNTED)[number]]?: number } = { grants: 1_000, authorizations: 10_000 }

const LEADS_TO = {
  sessions: '/account/sessions#browser-sessions',
  grants: '/account/sessions?status=active#application-access',
  authorizations: '/account/authorizations',
  connections: '/account/connections',
} as const satisfies Record<(typeof COUNTED)[number], string>

export interface AccountOverviewProps {
  readonly username: string
  readonly fullName: string
  readonly email: string
  readonly role: 'admin' | 'user'
  readonly memberSince: Date
  /** When the person last proved in this browser who they are. */
  readonly signedInAt: Date
  readonly hasPassword: boolean
  readonly counts: Readonly<Record<(typeof COUNTED)[number], number>>
  /** The latest. */
  readonly signIns: readonly SignInView[]
}

export function accountOverviewPage(frame: PageFrame, props: AccountOverviewProps): JSX.Element {
  const { username, fullName, email, role, memberSince, signedInAt, hasPassword, counts, signIns } = props
  const t = frame.t.account.overview
  const to = (path: string) => frame.basePath + path
  const facts: readonly Fact[] = [
    { name: t.username, value: username },
    { name: t.name, value: fullName || '—' },
    { name: t.email, value: email },
    { name: t.role, value: t.roles[role] },
    { name: t.password, value: hasPassword ? t.passwordHere : t.passwordElsewhere },
    { name: t.memberSince, value: <Time at={memberSince} /> },
    { name: t.signedInAt, value: <Time at={signedInAt} /> },
  ]
  return (
    <AccountPage
      frame={frame}
      title={t.title(fullName || username)}
      text={t.text}
      action={
        <LinkButton look="plain" href={to('/device')}>
          {t.connectDevice}
        </LinkButton>
      }
    >
      <div class="grid grid-cols-2 gap-4 lg:grid-cols-4">
        {COUNTED.map((name) => (
          <Stat
            label={t.counts[name]}
            value={boundedFigure(frame, counts[name], MOST_COUNTED[name])}
            href={to(LEADS_TO[name])}
          />
        ))}
      </div>
      <Section
        id="account-facts"
        title={t.facts}
        action={
          <div class="flex flex-wrap gap-2">
            <LinkButton look="plain" small href={to('/account/profile')}>
              {t.edit}
            </LinkButton>
            {hasPassword && (
              <LinkButton look="plain" small href={to('/account/change-password')}>
                {t.changePassword}
              </LinkButton>
            )}
          </div>
        }
      >
        <Card>
          <Facts rows={facts} />
        </Card>
      </Section>
      <Section
        id="latest-sign-ins"
        title={t.recent}
        text={t.recentText}
        action={
          <LinkButton look="plain" small href={to('/account/activity')}>
            {t.all}
          </LinkButton>
        }
      >
        {signIns.length === 0 ? (
          <Empty icon="clock" title={frame.t.account.activity.emptyTitle} text={frame.t.account.activity.emptyText} />
        ) : (
          <SignIns frame={frame} signIns={signIns} />
        )}
      </Section>
    </AccountPage>
  )
}
