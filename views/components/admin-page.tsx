import type { PageFrame } from '../frame'
import { type Child, Html } from '../html'
import { figure } from '../numbers'
import { Brand } from './brand'
import { Icon } from './icon'
import { LanguageSwitch } from './language-switch'
import { AccountMenu, ADMIN_LINKS, isCurrent } from './nav'
import { Document, Flashes, type PageProps } from './page'

const Waiting = ({ frame, count }: { frame: PageFrame; count: number }) => (
  <span class="tag tag-warning ml-auto">
    <span aria-hidden="true">{figure(frame, count)}</span>
    <span class="sr-only">{frame.t.layout.waitingReviews(count)}</span>
  </span>
)

const AdminLinks = ({ frame }: { frame: PageFrame }) => (
  <ul class="grid gap-0.5">
    {ADMIN_LINKS.map(({ path, label, icon }) => (
      <li>
        <a
          class="side-link"
          href={frame.basePath + path}
          aria-current={(path === '/admin' ? frame.path === path : isCurrent(frame, path)) ? 'page' : undefined}
        >
          <Icon name={icon} />
          {frame.t.layout.nav[label]}
          {path === '/admin/clients' && frame.waitingReviews && <Waiting frame={frame} count={frame.waitingReviews} />}
        </a>
      </li>
    ))}
  </ul>
)

export interface Crumb {
  readonly label: string
  /** Below BASE_URL. */
  readonly path: string
}

/** Navigation at the side, wide content. `crumbs` lead to what the page is part of; administration itself comes first. */
export const AdminPage = (
  props: PageProps & {
    readonly text?: Child
    readonly action?: Child
    readonly narrow?: boolean
    readonly crumbs?: readonly Crumb[]
  },
) => {
  const { frame, title } = props
  const t = frame.t.layout
  const crumbs = [{ label: t.nav.admin, path: '/admin' }, ...(props.crumbs ?? [])]
  return (
    <Document frame={frame} title={title}>
      <div class="admin-page">
        <header class="top-bar">
          <div class="flex h-14 w-full items-center gap-2 px-4 sm:gap-4 sm:px-6">
            <details class="menu-box lg:hidden" data-menu>
              <summary class="btn btn-ghost btn-sm btn-square">
                <Icon name="menu" class="size-5" />
                <span class="sr-only">{t.adminNavigation}</span>
              </summary>
              <nav aria-label={t.adminNavigation} class="menu-panel right-auto left-0">
                <AdminLinks frame={frame} />
              </nav>
            </details>
            <a class="mr-auto min-w-0 rounded-field" href={`${frame.basePath}/`}>
              <Brand frame={frame} />
            </a>
            {frame.user && <AccountMenu frame={frame} name={frame.user.name} links />}
          </div>
        </header>
        <div class="admin-columns">
          <nav aria-label={t.adminNavigation} class="admin-side">
            <AdminLinks frame={frame} />
          </nav>
          <main id="main-content" tabindex="-1" class={props.narrow ? 'admin-main admin-narrow' : 'admin-main'}>
            {frame.path !== '/admin' && (
              <nav aria-label={t.breadcrumbs} class="crumbs">
                <ol>
                  {crumbs.map(({ label, path }) => (
                    <li class="min-w-0 wrap-anywhere">
                      <a href={frame.basePath + path}>{label}</a>
                    </li>
                  ))}
                </ol>
              </nav>
            )}
            <div class="flex flex-wrap items-start justify-between gap-4">
              <div class="min-w-0">
                <h1 class="page-title wrap-anywhere">{title}</h1>
                {props.text && <p class="mt-1 max-w-prose text-sm wrap-anywhere text-muted">{props.text}</p>}
              </div>
              {props.action}
            </div>
            <div class="mt-6">
              <Flashes frame={frame} />
              {props.children}
            </div>
          </main>
        </div>
        <footer class="admin-footer">
          <span>{frame.productName}</span>
          <LanguageSwitch frame={frame} />
          <span>{t.version(frame.version)}</span>
        </footer>
      </div>
    </Document>
  )
}
