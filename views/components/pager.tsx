import type { PageFrame } from '../frame'
import { type Child, Html, nothing } from '../html'
import { figure } from '../numbers'
import { Icon } from './icon'
import { type ListView, listHref } from './list-toolbar'

/** Says so when a list does not show everything that matches. */
export const ListNote = (props: {
  frame: PageFrame
  list: ListView
  listed: { readonly cut?: boolean | undefined }
}) => {
  const { cut, cutSearch } = props.frame.t.lists
  if (!props.listed.cut) return nothing
  return <p class="mb-3 text-sm text-muted">{props.list.state.search === '' ? cut : cutSearch}</p>
}

/** How many there are, and the way to the pages before and after. */
export function Pager(props: {
  frame: PageFrame
  list: ListView
  listed: { readonly total: number; readonly page: number; readonly pages: number }
  /** What is counted, such as `users`. */
  things: string
}) {
  const { frame, list, listed, things } = props
  const { total, page, pages } = listed
  const t = frame.t.lists
  const href = (target: number) => listHref(frame, list, { page: target > 1 ? String(target) : '' })
  return (
    <div class="pager">
      <p>{t.showing(figure(frame, total), things)}</p>
      {pages > 1 && (
        <nav aria-label={t.pages} class="flex items-center gap-2">
          <Step href={page > 1 ? href(page - 1) : undefined} rel="prev">
            <Icon name="chevron-left" />
            {t.previous}
          </Step>
          <span aria-current="page">{t.pageOf(figure(frame, page), figure(frame, pages))}</span>
          <Step href={page < pages ? href(page + 1) : undefined} rel="next">
            {t.next}
            <Icon name="chevron-right" />
          </Step>
        </nav>
      )}
    </div>
  )
}

const Step = ({ href, rel, children }: { href: string | undefined; rel: string; children?: Child }) =>
  href === undefined ? (
    <span class="btn btn-plain btn-sm pager-end" aria-disabled="true">
      {children}
    </span>
  ) : (
    <a class="btn btn-plain btn-sm" href={href} rel={rel}>
      {children}
    </a>
  )
