import { sql } from 'drizzle-orm'
import type { Kit } from '../kit'

/** What proves that the audit trail is as it was written. Outlives the records it speaks of. */
export function makeAuditSealTables(k: Kit) {
  /** One row per batch of audit records, each chained to the one before. */
  const auditSeals = k.table(
    'audit_seals',
    {
      /** 1, 2, 3 … without gaps. */
      number: k.int('number').primaryKey(),
      /** `regular`: every record after the last one of the former regular batch, up to `last`. `late`: records listed one by one. */
      kind: k.oneOf('kind', ['regular', 'late']).notNull(),
      /** Time and id of the first and the last record; null in a batch without records. */
      firstTime: k.time('first_time'),
      firstId: k.text('first_id').notNull(),
      lastTime: k.time('last_time'),
      lastId: k.text('last_id').notNull(),
      rowCount: k.int('row_count').notNull(),
      /** SHA-256 over the digests of the records, in order. */
      digest: k.text('digest').notNull(),
      /** The first eight bytes of the digests of every id and record: says which one was changed. Null once deleted. */
      tags: k.text('tags'),
      /** Ids of late records, in order. */
      lateIds: k.json<string[]>('late_ids'),
      /** Regular batches up to this number take no more late records. */
      settledThrough: k.int('settled_through').notNull(),
      sealedAt: k.time('sealed_at').notNull(),
      /** Chain value of the batch before; empty in the first. */
      previous: k.text('previous').notNull(),
      /** SHA-256 over all of the above but `tags`. */
      chain: k.text('chain').notNull(),
      /** Says which server secret made `mac`; reveals nothing of it. */
      keyId: k.text('key_id').notNull(),
      /** HMAC over `chain` under a key that is not in the database. */
      mac: k.text('mac').notNull(),
      /** When retention deleted its records. */
      removedAt: k.time('removed_at'),
      /** HMAC over `chain` and `removed_at`. */
      removalMac: k.text('removal_mac'),
    },
    (t) => [
      k.index('audit_seals_present').on(t.number).where(sql`${t.removedAt} is null`),
      k.index('audit_seals_key').on(t.keyId),
    ],
  )
  return { auditSeals }
}
