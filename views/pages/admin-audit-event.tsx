import { AdminPage } from '../components/admin-page'
import { type AuditEventView, AuditFacts, eventLabel } from '../components/audit-entry'
import { Card } from '../components/card'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export const adminAuditEventPage = (frame: PageFrame, event: AuditEventView): JSX.Element => (
  <AdminPage
    frame={frame}
    title={eventLabel(frame, event.eventType)}
    text={frame.t.audit.details.title}
    crumbs={[{ label: frame.t.audit.title, path: '/admin/audit' }]}
  >
    <Card>
      <AuditFacts frame={frame} event={event} />
    </Card>
  </AdminPage>
)
