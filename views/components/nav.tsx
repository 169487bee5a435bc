import type { PageFrame } from '../frame'
import { classes, Html } from '../html'
import type { Messages } from '../messages'
import { AccountTabs } from './account-tabs'
import { Brand } from './brand'
import { Icon, type IconName } from './icon'

interface NavLink {
  readonly path: string
  readonly label: keyof Messages['layout']['nav']
  readonly icon: IconName
}

const OWN_LINKS: readonly NavLink[] = [
  { path: '/account', label: 'account', icon: 'user-round' },
  { path: '/apps', label: 'apps', icon: 'app-window' },
  { path: '/device', label: 'device', icon: 'terminal' },
  { path: '/docs', label: 'docs', icon: 'book-open' },
]

const API_LINK: NavLink = { path: '/swagger/index.html', label: 'api', icon: 'braces' }

const linksOf = ({ apiBrowser }: PageFrame): readonly NavLink[] => (apiBrowser ? [...OWN_LINKS, API_LINK] : OWN_LINKS)

/** The pages of administrators, in the order of the navigation at their side. */
export const ADMIN_LINKS: readonly NavLink[] = [
  { path: '/admin', label: 'dashboard', icon: 'gauge' },
  { path: '/admin/users', label: 'users', icon: 'users' },
  { path: '/admin/clients', label: 'clients', icon: 'app-window' },
  { path: '/admin/tokens', label: 'tokens', icon: 'ticket' },
  { path: '/admin/keys', label: 'keys', icon: 'key-round' },
  { path: '/admin/audit', label: 'audit', icon: 'scroll-text' },
]

export const isCurrent = (frame: PageFrame, path: string) => frame.path === path || frame.path.startsWith(`${path}/`)

/** Switches between light and dark; does nothing without scripts and is not shown then. */
export const ThemeButton = ({ t, label }: { t: Messages; label?: boolean }) => (
  <button
    type="button"
    class={classes('needs-scripts', label ? 'menu-item' : 'btn btn-ghost btn-sm btn-square')}
    data-theme-switch
  >
    <Icon name="moon" class="icon-to-dark size-4" />
    <Icon name="sun" class="icon-to-light size-4" />
    <span class={label ? undefined : 'sr-only'} data-theme-label>
      {t.layout.switchTheme}
    </span>
  </button>
)

/** `links`: also where the window is wide, because the page has no other way to the account. */
export const AccountMenu = ({ frame, name, links }: { frame: PageFrame; name: string; links?: boolean }) => (
  <details class="menu-box" data-menu>
    <summary class="btn btn-ghost btn-sm max-w-56 flex-nowrap gap-1.5 font-medium">
      <Icon name="user-round" class="size-4 text-muted" />
      <span class="sr-only">{frame.t.layout.accountMenuOf}</span>
      <span class="hidden truncate sm:inline">{name}</span>
      <Icon name="chevron-down" class="size-3.5 text-muted" />
    </summary>
    <div class="menu-panel">
      <p class="truncate px-2.5 pt-1.5 pb-2 text-xs text-muted">{frame.t.layout.signedInAs(name)}</p>
      {linksOf(frame).map(({ path, label, icon }) => (
        <a
          class={classes('menu-item', !links && 'sm:hidden')}
          href={frame.basePath + path}
          aria-current={isCurrent(frame, path) ? 'page' : undefined}
        >
          <Icon name={icon} />
          {frame.t.layout.nav[label]}
        </a>
      ))}
      {frame.user?.isAdmin && (
        <a class="menu-item" href={`${frame.basePath}/admin`}>
          <Icon name="gauge" />
          {frame.t.layout.nav.admin}
        </a>
      )}
      <a class="menu-item" href={`${frame.basePath}/account/change-password`}>
        <Icon name="key-round" />
        {frame.t.layout.nav.changePassword}
      </a>
      <ThemeButton t={frame.t} label />
      <a class="menu-item" href={`${frame.basePath}/logout`}>
        <Icon name="log-out" />
        {frame.t.layout.nav.signOut}
      </a>
    </div>
  </details>
)

export const Nav = ({ frame }: { frame: PageFrame }) => (
  <>
    <header class="top-bar">
      <div class="mx-auto flex h-14 w-full max-w-5xl items-center gap-2 px-4 sm:gap-6 sm:px-6">
        <a class="min-w-0 rounded-field" href={`${frame.basePath}/`}>
          <Brand frame={frame} />
        </a>
        <nav aria-label={frame.t.layout.mainNavigation} class="flex shrink-0 grow items-center gap-1">
          {linksOf(frame).map(({ path, label }) => (
            <a
              class="top-link max-sm:hidden"
              href={frame.basePath + path}
              aria-current={isCurrent(frame, path) ? 'page' : undefined}
            >
              {frame.t.layout.nav[label]}
            </a>
          ))}
        </nav>
        {frame.user ? <AccountMenu frame={frame} name={frame.user.name} /> : <ThemeButton t={frame.t} />}
      </div>
    </header>
    <AccountTabs frame={frame} />
  </>
)
