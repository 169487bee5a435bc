/** A page of the documentation: the list of pages at the side, the text beside it. */
import { Nav } from '../components/nav'
import { Document } from '../components/page'
import { type SettingsSection, SettingsTable } from '../components/settings-table'
import type { PageFrame } from '../frame'
import { Html, nothing, raw } from '../html'
import type { Language } from '../messages'

type Slug = keyof PageFrame['t']['docs']['names']

interface DocsProps {
  readonly slug: Slug
  /** `html` is a text of the program, rendered when it was built. */
  readonly text: { readonly language: Language; readonly html: string }
  /** After the text of the page about configuration. */
  readonly settings?: readonly SettingsSection[]
  readonly slugs: readonly Slug[]
  /** This page in each language; paths below BASE_URL. */
  readonly languages: readonly { readonly language: Language; readonly path: string }[]
  /** BASE_URL without a final slash. */
  readonly origin: string
}

const Languages = ({ frame, languages }: { frame: PageFrame; languages: DocsProps['languages'] }) => (
  <nav aria-label={frame.t.docs.language} class="docs-languages">
    {languages.map(({ language, path }) => (
      <a
        href={frame.basePath + path}
        hreflang={language}
        lang={language}
        aria-current={language === frame.language ? 'true' : undefined}
      >
        {frame.t.layout.languageNames[language]}
      </a>
    ))}
  </nav>
)

const Pages = ({ frame, slugs, current }: { frame: PageFrame; slugs: readonly Slug[]; current: Slug }) => (
  <ul class="grid gap-0.5">
    {slugs.map((slug) => (
      <li>
        <a
          class="side-link"
          href={`${frame.basePath}/docs/${frame.language}/${slug}`}
          aria-current={slug === current ? 'page' : undefined}
        >
          {frame.t.docs.names[slug]}
        </a>
      </li>
    ))}
  </ul>
)

export const docsPage = (frame: PageFrame, { slug, text, settings, slugs, languages, origin }: DocsProps) => {
  const t = frame.t.docs
  const links = languages.map(({ language, path }) => ({ rel: 'alternate', language, href: origin + path }))
  const canonical = links.find(({ language }) => language === frame.language)?.href
  return (
    <Document
      frame={frame}
      title={`${t.title}: ${t.names[slug]}`}
      head={
        <>
          {canonical && <link rel="canonical" href={canonical} />}
          {links.map(({ rel, language, href }) => (
            <link rel={rel} hreflang={language} href={href} />
          ))}
        </>
      }
    >
      <div class="account-page">
        <Nav frame={frame} />
        <div class="docs-columns">
          <aside class="docs-side">
            <nav aria-label={t.pages}>
              <p class="docs-heading">{t.title}</p>
              <Pages frame={frame} slugs={slugs} current={slug} />
            </nav>
            <Languages frame={frame} languages={languages} />
          </aside>
          <main id="main-content" tabindex="-1" class="docs-main">
            <h1 class="docs-title">{t.names[slug]}</h1>
            {text.language === frame.language ? nothing : <p class="text-sm text-muted">{t.untranslated}</p>}
            <article class="docs-text" lang={text.language}>
              {raw(text.html)}
              {settings && <SettingsTable t={frame.t} sections={settings} />}
            </article>
          </main>
        </div>
        <footer class="content-footer">
          <span>{frame.productName}</span>
          <span>{frame.t.layout.version(frame.version)}</span>
        </footer>
      </div>
    </Document>
  )
}
