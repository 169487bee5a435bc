/**
 * What is done when copies could not be evicted because Redis does not answer: the database says that copies made
 * before now are not to be used.
 *
 * Every process looks at that mark several times a second, and goes by copies only while it has seen it lately. So a
 * change is known to hold everywhere once the mark is written and the time of that look has passed, whoever can reach
 * Redis and whoever dies meanwhile.
 */
import { and, eq } from 'drizzle-orm'
import type { Clock } from '../context'
import type { Database } from '../db/database'
import { param, query, write } from '../db/definitions'
import { Conflict, Duplicate } from '../db/errors'
import { must } from '../db/statements'

/** Copies are not used when the mark was not looked at for so long, in milliseconds. */
export const MARK_LIFE_MS = 1_000

export interface Distrust {
  /** Changes whenever copies made before are not to be used any more. Throws `DatabaseUnavailable`. */
  mark(): Promise<string>
  /** Resolves when no process goes by a copy that was made before the call. Throws `DatabaseUnavailable`. */
  distrustCopies(): Promise<void>
}

const NAME = 'copies_distrusted'

const findMark = query('copies_distrusted_at', (q, { seedState }) =>
  q
    .select({ at: seedState.at })
    .from(seedState)
    .where(eq(seedState.name, param('name'))),
)
const setMark = write('distrust_copies_first', (q, { seedState }) =>
  q.insert(seedState).values({ name: param('name'), at: param('at') }),
)
const moveMark = write('distrust_copies', (q, { seedState }) =>
  q
    .update(seedState)
    .set({ at: param('at') })
    .where(and(eq(seedState.name, param('name')), eq(seedState.at, param('former')))),
)

export function createDistrust({ db, clock }: { readonly db: Database; readonly clock: Clock }): Distrust {
  const markedAt = async (): Promise<Date | undefined> => (await db.one(findMark, { name: NAME }))?.at

  const raise = async (): Promise<void> => {
    for (;;) {
      const former = await markedAt()
      const at = new Date(Math.max(clock.now(), (former?.getTime() ?? 0) + 1))
      const next = former
        ? must(moveMark, { name: NAME, at, former }, 'mark of copies')
        : must(setMark, { name: NAME, at }, 'mark of copies')
      try {
        await db.commit([next])
        return
      } catch (error) {
        // Another process raised it. That may have been before what this one has to tell.
        if (!(error instanceof Conflict || error instanceof Duplicate)) throw error
      }
    }
  }

  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  /** Those who call while one is being written share the one after it. */
  const raiseSoon = (): Promise<void> => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        running = raise()
        return running
      })
    return next
  }

  return {
    mark: async () => String((await markedAt())?.getTime() ?? 0),
    distrustCopies: async () => {
      await raiseSoon()
      await Bun.sleep(MARK_LIFE_MS)
    },
  }
}
