/** The pages about the audit trail, and one of the documentation. */
import { EVENT_TYPES, RESOURCE_TYPES, SEVERITIES } from '../../src/audit/events'
import type { AuditEventView } from '../../views/components/audit-entry'
import type { AuditListView } from '../../views/components/audit-filters'
import type { PageFrame } from '../../views/frame'
import { type AdminAuditProps, adminAuditPage } from '../../views/pages/admin-audit'
import { adminAuditEventPage } from '../../views/pages/admin-audit-event'
import { docsPage } from '../../views/pages/docs'

const HOUR = 3_600_000

/** `t` gives the text to show in place of the usual one; `now` is when the pages are looked at. */
export function auditSamples(frame: PageFrame, t: (usual: string) => string, now: Date): Record<string, JSX.Element> {
  const before = (ms: number) => new Date(now.getTime() - ms)
  const at = (path: string): PageFrame => ({
    ...{ ...frame, path, here: path },
    user: { name: t('Alice Archer'), username: t('alice'), isAdmin: true },
  })
  const event = (i: number): AuditEventView => ({
    id: `e${i}`,
    at: before(i * 7 * HOUR),
    eventType:
      ['SUSPICIOUS_ACTIVITY', 'CLIENT_UPDATED', 'AUTHENTICATION_FAILURE', t('OF_ANOTHER_VERSION')][i % 4] ?? '',
    severity: ['CRITICAL', 'INFO', 'WARNING', 'ERROR'][i % 4] ?? '',
    action: t('Refresh token reuse detected'),
    success: i % 2 === 1,
    problem: i % 2 === 0 ? t('Invalid credentials') : '',
    actor: i === 3 ? '' : t('bob'),
    actorId: i === 3 ? '' : t('u1'),
    ...(i !== 3 && { actorPath: '/admin/users/u1' }),
    address: t('2001:db8:85a3:8d3:1319:8a2e:370:7348'),
    ...{ resourceType: 'TOKEN', resourceId: t('01a2114a-4e84-71dd-a774-09e64edb4d99'), resourceName: t('Deploy tool') },
    ...(i % 2 === 0 && { resourcePath: '/admin/tokens/1' }),
    ...{ clientId: t('app-1'), clientName: t('Deploy tool'), clientPath: '/admin/clients/app-1' },
    ...{ method: 'POST', requestPath: t('/oauth/token'), requestId: t('01JD9Z5V8Q3N7M2K4T6W') },
    userAgent: t('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'),
    details: i === 1 ? '' : JSON.stringify({ note: t('reused'), nested: { list: [1, 2] } }, undefined, 2),
  })
  const list: AuditListView = {
    path: '/admin/audit',
    state: { search: '', filters: {}, pageSize: 20 },
    ...{ pageSizes: [20, 50, 100], chips: [], severities: SEVERITIES, resourceTypes: RESOURCE_TYPES },
    eventGroups: [{ group: 'token', types: EVENT_TYPES }],
    times: { start: '', end: '' },
    period: '',
  }
  const narrowed: AuditListView = {
    ...list,
    state: { search: t('bob'), filters: { severity: 'CRITICAL', actor_ip: t('203.0.113.7') }, pageSize: 20 },
    chips: [
      { name: 'severity', value: t('Critical') },
      { name: 'actor_ip', value: t('203.0.113.7') },
    ],
  }
  const statistics = {
    ...{ until: now, from: before(30 * 24 * HOUR), total: 120_455, failures: 311, warnings: 87, critical: 2 },
    byType: EVENT_TYPES.slice(0, 9).map((type, i) => [type, 9_000 - i * 911] as const),
  }
  const props: AdminAuditProps = {
    ...{ list, events: Array.from({ length: 6 }, (_, i) => event(i)), statistics, enabled: true },
    listed: { total: 120_455, more: true, page: 1, pages: 6_023 },
    exportHref: `${frame.basePath}/admin/audit/export`,
    sealed: { until: before(HOUR), batch: 412 },
  }
  const nothing = { total: 0, more: false, page: 1, pages: 0 }
  const texts = '<h2>Read</h2><p>A page of <code>text</code>.</p><pre tabindex="0"><code>curl …</code></pre>'
  return {
    'admin-audit': adminAuditPage(at('/admin/audit'), props),
    'admin-audit-narrowed': adminAuditPage(at('/admin/audit'), {
      ...{
        ...props,
        list: narrowed,
        problem: 'backwards',
        further: { from: before(90 * HOUR), until: before(9 * HOUR) },
      },
    }),
    'admin-audit-none': adminAuditPage(at('/admin/audit'), {
      ...{ list: narrowed, events: [], listed: nothing, exportHref: props.exportHref, enabled: false },
    }),
    'admin-audit-event': adminAuditEventPage(at('/admin/audit/events/e0'), event(0)),
    'admin-audit-event-bare': adminAuditEventPage(at('/admin/audit/events/e3'), {
      ...{ ...event(3), resourceType: '', resourceId: '', resourceName: '', clientId: '', details: '', problem: '' },
      ...{ method: '', requestPath: '', requestId: '', userAgent: '', address: '' },
    }),
    docs: docsPage(at('/docs/en/configuration'), {
      slug: 'configuration',
      text: { language: 'zh-TW', html: texts },
      settings: [
        { section: t('Server'), rows: [{ name: t('BASE_URL'), standard: t('http'), doc: t('Where it is.') }] },
      ],
      slugs: ['getting-started', 'device-flow', 'configuration'],
      languages: [
        { language: 'en', path: '/docs/en/configuration' },
        { language: 'zh-TW', path: '/docs/zh-TW/configuration' },
      ],
      origin: 'https://auth.example',
    }),
  }
}
