/** Reads and writes of seals, and of the records under them. */
import { and, asc, desc, eq, gt, isNull, lte, ne, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../../context'
import { param, query, rowParameters, write } from '../../db/definitions'
import type { Tables } from '../../db/tables'

export type Seal = Tables['auditSeals']['$inferSelect']

/** Place of a record in the order of the trail. */
export interface Place {
  readonly time: Date
  readonly id: string
}

/** Before every record: 0001-01-01, the zero time of other programs. */
export const BEGINNING: Place = { time: new Date(-62_135_596_800_000), id: '' }

const after = ({ auditLogs }: Tables): SQL =>
  sql`(${auditLogs.eventTime}, ${auditLogs.id}) > (${param('afterTime')}, ${param('afterId')})`
const upTo = ({ auditLogs }: Tables): SQL =>
  sql`(${auditLogs.eventTime}, ${auditLogs.id}) <= (${param('lastTime')}, ${param('lastId')})`
const count = sql<number>`count(*)`.mapWith(Number)

const newest = query('newest_audit_seal', (q, { auditSeals }) =>
  q.select().from(auditSeals).orderBy(desc(auditSeals.number)).limit(1),
)
const one = query('audit_seal', (q, { auditSeals }) =>
  q
    .select()
    .from(auditSeals)
    .where(eq(auditSeals.number, param('number'))),
)
const regularBefore = query('regular_audit_seal_before', (q, { auditSeals }) =>
  q
    .select({ lastTime: auditSeals.lastTime, lastId: auditSeals.lastId })
    .from(auditSeals)
    .where(and(eq(auditSeals.kind, 'regular'), sql`${auditSeals.number} < ${param('number')}`))
    .orderBy(desc(auditSeals.number))
    .limit(1),
)
const sealsAfter = query('audit_seals_after', (q, { auditSeals }) =>
  q
    .select()
    .from(auditSeals)
    .where(gt(auditSeals.number, param('number')))
    .orderBy(asc(auditSeals.number))
    .limit(100),
)
const lateSeals = query('late_audit_seals', (q, { auditSeals }) =>
  q
    .select({ number: auditSeals.number, ids: auditSeals.lateIds })
    .from(auditSeals)
    .where(and(eq(auditSeals.kind, 'late'), isNull(auditSeals.removedAt))),
)
const underOtherKeys = query('audit_seals_under_other_keys', (q, { auditSeals }) =>
  q
    .select()
    .from(auditSeals)
    .where(and(ne(auditSeals.keyId, param('keyId')), gt(auditSeals.number, param('number'))))
    .orderBy(asc(auditSeals.number))
    .limit(100),
)
const oldestPresent = query('oldest_present_audit_seal', (q, { auditSeals }) =>
  q.select().from(auditSeals).where(isNull(auditSeals.removedAt)).orderBy(asc(auditSeals.number)).limit(1),
)
const unsealedRows = query('unsealed_audit_rows', (q, t) =>
  q
    .select()
    .from(t.auditLogs)
    .where(and(after(t), lte(t.auditLogs.eventTime, param('until'))))
    .orderBy(asc(t.auditLogs.eventTime), asc(t.auditLogs.id))
    .limit(param('limit')),
)
const rowsOfRange = query('audit_rows_of_range', (q, t) =>
  q
    .select()
    .from(t.auditLogs)
    .where(and(after(t), upTo(t)))
    .orderBy(asc(t.auditLogs.eventTime), asc(t.auditLogs.id)),
)
const countOfRange = query('count_audit_rows_of_range', (q, t) =>
  q
    .select({ count })
    .from(t.auditLogs)
    .where(and(after(t), upTo(t))),
)
const countAfter = query('count_unsealed_audit_rows', (q, t) => q.select({ count }).from(t.auditLogs).where(after(t)))

type Reader = Pick<Context, 'db'>

export const newestSeal = (ctx: Reader): Promise<Seal | undefined> => ctx.db.one(newest)
export const findSeal = (ctx: Reader, number: number): Promise<Seal | undefined> => ctx.db.one(one, { number })
/** At most 100, by number. */
export const findSealsAfter = (ctx: Reader, number: number): Promise<Seal[]> => ctx.db.all(sealsAfter, { number })
export const findLateSeals = (ctx: Reader) => ctx.db.all(lateSeals)
/** At most 100, by number. */
export const findSealsUnderOtherKeys = (ctx: Reader, keyId: string, number: number): Promise<Seal[]> =>
  ctx.db.all(underOtherKeys, { keyId, number })
export const oldestPresentSeal = (ctx: Reader): Promise<Seal | undefined> => ctx.db.one(oldestPresent)

/** The end of the last regular batch with a smaller number: where the range of this one begins. */
export async function endBefore(ctx: Reader, number: number): Promise<Place> {
  const row = await ctx.db.one(regularBefore, { number })
  return row?.lastTime ? { time: row.lastTime, id: row.lastId } : BEGINNING
}

const afterParameters = ({ time, id }: Place) => ({ afterTime: time, afterId: id })
const rangeParameters = (start: Place, { lastTime, lastId }: Pick<Seal, 'lastTime' | 'lastId'>) => ({
  ...afterParameters(start),
  lastTime: lastTime ?? BEGINNING.time,
  lastId,
})

export const findUnsealedRows = (ctx: Reader, start: Place, until: Date, limit: number) =>
  ctx.db.all(unsealedRows, { ...afterParameters(start), until, limit })
export const findRowsOfRange = (ctx: Reader, start: Place, seal: Seal) =>
  ctx.db.all(rowsOfRange, rangeParameters(start, seal))
export const countRowsOfRange = async (ctx: Reader, start: Place, seal: Seal): Promise<number> =>
  (await ctx.db.one(countOfRange, rangeParameters(start, seal)))?.count ?? 0
export const countRowsAfter = async (ctx: Reader, start: Place): Promise<number> =>
  (await ctx.db.one(countAfter, afterParameters(start)))?.count ?? 0

export const insertSeal = write('insert_audit_seal', (q, { auditSeals }) =>
  q.insert(auditSeals).values(rowParameters(auditSeals)),
)
export const rekeySeal = write('rekey_audit_seal', (q, { auditSeals }) =>
  q
    .update(auditSeals)
    .set({ keyId: param('keyId'), mac: param('mac'), removalMac: param('removalMac') })
    .where(and(eq(auditSeals.number, param('number')), eq(auditSeals.mac, param('formerMac')))),
)
export const markRemoved = write('mark_audit_seal_removed', (q, { auditSeals }) =>
  q
    .update(auditSeals)
    .set({ removedAt: param('removedAt'), removalMac: param('removalMac'), tags: null })
    .where(
      and(eq(auditSeals.number, param('number')), eq(auditSeals.chain, param('chain')), isNull(auditSeals.removedAt)),
    ),
)
const deleteRange = write('delete_audit_rows_of_range', (q, t) => q.delete(t.auditLogs).where(and(after(t), upTo(t))))
export const deleteAuditRow = write('delete_audit_row', (q, { auditLogs }) =>
  q.delete(auditLogs).where(eq(auditLogs.id, param('id'))),
)

export const deletionOfRange = (start: Place, seal: Seal) => ({
  write: deleteRange,
  parameters: rangeParameters(start, seal),
})
