/** Looking at the audit log leaves a trace in it. Turning pages does not: equal views within a minute become one more row. */
import { type AuditFilter, recordedFilter } from '../../audit/filter'
import type { RequestContext } from '../../context'
import type { BrowserSession } from '../../identity/sessions'
import type { PageNumbers } from './request'

export const actorOf = ({ user }: BrowserSession) => ({ id: user.id, username: user.username })

export function recordView(
  ctx: RequestContext,
  session: BrowserSession,
  action: string,
  view: { readonly filter: AuditFilter; readonly numbers?: PageNumbers },
): void {
  const filters = recordedFilter(view.filter)
  ctx.audit.recordRepeatable(ctx, {
    event: 'AUDIT_LOG_VIEWED',
    action,
    actor: actorOf(session),
    details: {
      ...(view.numbers && { page: view.numbers.page, page_size: view.numbers.pageSize }),
      ...(Object.keys(filters).length > 0 && { filters }),
    },
  })
}
