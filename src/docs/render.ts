/** Markdown of the documentation to HTML. Its texts are part of the program; what comes out is not escaped again. */
import { Marked, type Tokens } from 'marked'

export interface RenderedPage {
  readonly title: string
  readonly html: string
  readonly headings: readonly { readonly depth: number; readonly text: string; readonly id: string }[]
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Letters and digits of every script, as fragments of addresses may hold them. */
const idOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')

/** `copyLabel` names the button beside code. The first heading is the title and not part of the HTML. */
export function renderMarkdown(markdown: string, copyLabel: string): RenderedPage {
  const headings: { depth: number; text: string; id: string }[] = []
  let title = ''
  const plain = (tokens: Tokens.Generic[]): string =>
    tokens.map((token) => (token.tokens ? plain(token.tokens) : String(token.text ?? ''))).join('')
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const text = plain(tokens)
        if (depth === 1) {
          title = text
          return ''
        }
        const id = idOf(text)
        headings.push({ depth, text, id })
        return `<h${depth} id="${escapeText(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      // Drawings have no language, and nothing to copy.
      code({ text, lang = '' }) {
        const copy = `<button type="button" class="btn btn-ghost btn-xs needs-scripts" data-copy="${escapeText(text)}">${escapeText(copyLabel)}</button><span class="sr-only" role="status"></span>`
        const head = `<div class="docs-code-head"><span class="docs-language">${escapeText(lang)}</span>${copy}</div>`
        const code = `<pre tabindex="0"><code>${escapeText(text)}</code></pre>`
        return `<div class="docs-code">${lang === '' ? '' : head}${code}</div>\n`
      },
      table(token) {
        const cells = (row: Tokens.TableCell[], tag: string) =>
          row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')
        const rows = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')
        const head = cells(token.header, 'th scope="col"').replaceAll('</th scope="col">', '</th>')
        return `<div class="docs-table" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>\n`
      },
      html({ text }) {
        return escapeText(text)
      },
    },
  })
  const html = marked.parse(markdown, { async: false })
  return { title, html, headings }
}
