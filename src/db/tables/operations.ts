import { sql } from 'drizzle-orm'
import type { Kit } from '../kit'

/** The audit trail and the server's memory of itself. */
export function makeOperationTables(k: Kit) {
  const auditLogs = k.table(
    'audit_logs',
    {
      id: k.text('id').primaryKey(),
      eventType: k.text('event_type').notNull(),
      eventTime: k.time('event_time').notNull(),
      severity: k.oneOf('severity', ['INFO', 'WARNING', 'ERROR', 'CRITICAL']).notNull(),
      actorUserId: k.text('actor_user_id').notNull(),
      actorUsername: k.text('actor_username').notNull(),
      actorIp: k.text('actor_ip').notNull(),
      resourceType: k.text('resource_type').notNull(),
      resourceId: k.text('resource_id').notNull(),
      resourceName: k.text('resource_name').notNull(),
      clientId: k.text('client_id').notNull(),
      action: k.text('action').notNull(),
      details: k.json<Record<string, unknown>>('details'),
      success: k.bool('success').notNull(),
      errorMessage: k.text('error_message').notNull(),
      userAgent: k.text('user_agent').notNull(),
      requestPath: k.text('request_path').notNull(),
      requestMethod: k.text('request_method').notNull(),
      requestId: k.text('request_id').notNull(),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [
      k.index('audit_logs_time').on(t.eventTime, t.id),
      k.index('audit_logs_type').on(t.eventType, t.eventTime),
      k.index('audit_logs_actor').on(t.actorUserId, t.eventTime),
      k.index('audit_logs_resource').on(t.resourceId),
      k.index('audit_logs_ip').on(t.actorIp, t.eventTime),
      k.index('audit_logs_severity').on(t.severity, t.eventTime).where(sql`${t.severity} <> 'INFO'`),
      k.index('audit_logs_client').on(t.clientId, t.eventTime),
      k.index('audit_logs_failures').on(t.eventTime, t.id).where(sql`not ${t.success}`),
    ],
  )

  /** One row per thing of which only the time matters that it was done, such as seeding. */
  const seedState = k.table('seed_state', {
    name: k.text('name').primaryKey(),
    at: k.time('at').notNull(),
  })

  /** Keys this deployment has published: which may sign by now, and how long one that signed is still needed. */
  const signingKeys = k.table('signing_keys', {
    kid: k.text('kid').primaryKey(),
    algorithm: k.text('algorithm').notNull(),
    thumbprint: k.text('thumbprint').notNull(),
    /** When it was published first. */
    firstSeenAt: k.time('first_seen_at').notNull(),
    /** When it was taken up for signing first; null for a key that has not signed yet. */
    firstSignedAt: k.time('first_signed_at'),
    /** When it was last known to sign; until it signs, when a process last began to publish it. */
    lastSeenAt: k.time('last_seen_at').notNull(),
  })

  /** Audit events counted by hour: charts are drawn from these few rows and not from the trail itself. */
  const activityHours = k.table(
    'activity_hours',
    {
      /** What is counted, such as `issued.device_code`. */
      series: k.text('series').notNull(),
      /** Beginning of the hour, UTC. */
      hour: k.time('hour').notNull(),
      /** The client of series that are counted by client, else empty. */
      label: k.text('label').notNull(),
      count: k.int('count').notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.series, t.hour, t.label] }), k.index('activity_hours_hour').on(t.hour)],
  )

  /** How far events have been counted: one row. */
  const activityProgress = k.table('activity_progress', {
    name: k.text('name').primaryKey(),
    countedUntil: k.time('counted_until').notNull(),
  })

  return { auditLogs, seedState, signingKeys, activityHours, activityProgress }
}
