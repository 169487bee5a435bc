import { assetUrl } from '../assets'
import type { PageFrame } from '../frame'
import { type Child, Html, nothing, raw } from '../html'
import { Alert } from './alert'
import { Brand } from './brand'
import { LanguageSwitch } from './language-switch'
import { Nav, ThemeButton } from './nav'

export interface PageProps {
  readonly frame: PageFrame
  readonly title: string
  /** More elements for the head. */
  readonly head?: Child
  readonly children?: Child
}

/** The complete document around `children`. */
export const Document = ({ frame, title, head, children }: PageProps) => (
  <>
    {raw('<!doctype html>')}
    <html lang={frame.language} data-accent={frame.accent || 'indigo'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} - ${frame.productName}`}</title>
        <script src={assetUrl(frame, 'theme.js')} />
        <link rel="preload" href={assetUrl(frame, 'geist-latin.woff2')} as="font" type="font/woff2" crossorigin />
        <link rel="stylesheet" href={assetUrl(frame, 'main.css')} />
        <link rel="icon" href={`${frame.basePath}/favicon.ico`} sizes="32x32" />
        <link rel="icon" href={assetUrl(frame, 'icon.svg')} type="image/svg+xml" />
        <script src={assetUrl(frame, 'main.js')} defer />
        {head}
      </head>
      <body>
        <a class="skip-link" href="#main-content">
          {frame.t.layout.skip}
        </a>
        {children}
      </body>
    </html>
  </>
)

export const Flashes = ({ frame }: { frame: PageFrame }) =>
  frame.flash.length === 0 ? (
    nothing
  ) : (
    <div class="mb-6 grid gap-2">
      {frame.flash.map((message) => (
        <Alert tone="success">{message}</Alert>
      ))}
    </div>
  )

/**
 * One centred column with one thing to do. `bare` leaves nothing to press but the decision: no links, no theme switch.
 */
export const FocusPage = (props: PageProps & { readonly bare?: boolean; readonly footer?: Child }) => {
  const { frame, bare } = props
  return (
    <Document frame={frame} title={props.title}>
      <div class="focus-page">
        <header class="focus-brand">
          <Brand frame={frame} large />
        </header>
        <main id="main-content" tabindex="-1" class="w-full">
          <Flashes frame={frame} />
          {props.children}
        </main>
        <footer class="focus-footer">
          {props.footer}
          {!bare && (
            <span class="inline-flex items-center">
              <LanguageSwitch frame={frame} />
              <ThemeButton t={frame.t} />
            </span>
          )}
        </footer>
      </div>
    </Document>
  )
}

/** Top bar and wide content: everything about one's own account. */
export const AccountPage = (
  props: PageProps & {
    readonly text?: Child
    readonly action?: Child
    readonly narrow?: boolean
    /** Pages this one is part of; paths below BASE_URL. */
    readonly crumbs?: readonly { readonly label: string; readonly path: string }[]
  },
) => {
  const { frame, title } = props
  return (
    <Document frame={frame} title={title}>
      <div class="account-page">
        <Nav frame={frame} />
        <main id="main-content" tabindex="-1" class={props.narrow ? 'content content-narrow' : 'content'}>
          {props.crumbs && (
            <nav aria-label={frame.t.layout.breadcrumbs} class="crumbs">
              <ol>
                {props.crumbs.map(({ label, path }) => (
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
        <footer class="content-footer">
          <span>{frame.productName}</span>
          <LanguageSwitch frame={frame} />
          <span>{frame.t.layout.version(frame.version)}</span>
        </footer>
      </div>
    </Document>
  )
}
