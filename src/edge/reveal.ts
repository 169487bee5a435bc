/**
 * Secrets that are shown once, on a page of their own: reloading the page that made one makes no second, and going back
 * shows nothing.
 */
import { t } from 'elysia'
import { revealPage } from '../../views/pages/reveal'
import type { Context, RequestContext } from '../context'
import type { Statement } from '../db/statements'
import type { BrowserSession } from '../identity/sessions'
import { findHeld, hold, takeHeld } from './held'
import { page, pageFrame } from './page'
import { PageError } from './page-error'
import { signedInSurface } from './surfaces/page'

export interface RevealContent {
  readonly title: string
  /** Sentences above the secrets: what was made, what to do with it. */
  readonly notices: readonly string[]
  readonly secrets: readonly {
    readonly label: string
    readonly value: string
    /** Name of the environment variable in the file that can be downloaded. */
    readonly variable?: string
  }[]
  /** Where to go afterwards, below BASE_URL. */
  readonly next: { readonly label: string; readonly path: string }
}

const LIFE_MS = 5 * 60_000

/** The statement belongs into the commit that makes the secret; the path shows it once, to this session's user. */
export function holdReveal(
  ctx: RequestContext,
  session: BrowserSession,
  content: RevealContent,
): { readonly statement: Statement; readonly path: string } {
  const { id, statement } = hold(ctx, session, { kind: 'reveal', content, lifeMs: LIFE_MS })
  return { statement, path: `/account/reveal/${id}` }
}

export const revealPages = (context: Context) =>
  signedInSurface(context).get(
    '/account/reveal/:id',
    async ({ ctx, session, params, request }) => {
      const held = await findHeld(ctx, session, 'reveal', params.id)
      // Bound to the session, not only to its user: a second browser of theirs was not asked.
      if (!held.row || held.row.sid !== session.sid) throw new PageError(410, (m) => m.reveal.gone)
      // What only asks for the head must not use up the page.
      if (request.method === 'HEAD') return page('')
      if (!(await takeHeld(ctx, held.row))) throw new PageError(410, (m) => m.reveal.gone)
      const frame = pageFrame(ctx, session, { here: '/' })
      return page(revealPage(frame, held.content as RevealContent))
    },
    { params: t.Object({ id: t.String() }), response: t.Any() },
  )
