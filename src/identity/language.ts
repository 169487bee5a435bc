/** The language a person has set for the pages. */
import { eq } from 'drizzle-orm'
import type { Language } from '../../views/messages'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { run, type Statement } from '../db/commit'
import { param, write } from '../db/definitions'
import type { User } from './users'

const writeLanguage = write('set_user_language', (q, t) =>
  q
    .update(t.users)
    .set({ language: param('language'), updatedAt: param('now') })
    .where(eq(t.users.id, param('id'))),
)

/** For a commit. `null` leaves the choice to each browser. */
export const setLanguage = (ctx: RequestContext, user: User, language: Language | null): Statement[] => [
  run(writeLanguage, { id: user.id, language, now: now(ctx) }),
  ...audit(ctx, {
    event: 'USER_UPDATED',
    action: 'Language changed by user',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { language: language ?? 'browser' },
  }),
]
