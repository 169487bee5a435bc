import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import type { Messages } from '../messages'

const TABS: readonly { readonly path: string; readonly label: keyof Messages['account']['tab'] }[] = [
  { path: '/account', label: 'overview' },
  { path: '/account/sessions', label: 'sessions' },
  { path: '/account/authorizations', label: 'authorizations' },
  { path: '/account/connections', label: 'connections' },
  { path: '/account/activity', label: 'activity' },
  { path: '/account/profile', label: 'profile' },
  { path: '/account/security', label: 'security' },
]

/** The pages about one's account, on each of them. */
export const AccountTabs = ({ frame }: { frame: PageFrame }) =>
  TABS.every(({ path }) => path !== frame.path) ? (
    nothing
  ) : (
    <nav aria-label={frame.t.account.tabs} class="tabs-bar">
      <ul class="tabs-row">
        {TABS.map(({ path, label }) => (
          <li>
            <a class="tab-link" href={frame.basePath + path} aria-current={path === frame.path ? 'page' : undefined}>
              {frame.t.account.tab[label]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
