/** Passkeys as they are stored. */
import { and, asc, eq, sql } from 'drizzle-orm'
import { type Context, now } from '../../context'
import { param, query, rowParameters, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import type { Tables } from '../../db/tables'
import type { User } from '../users'

export type Passkey = Tables['passkeys']['$inferSelect']

type Read = Pick<Context, 'db'>

const passkeysOfUser = query('passkeys_of_user', (q, t) =>
  q
    .select()
    .from(t.passkeys)
    .where(eq(t.passkeys.userId, param('userId')))
    .orderBy(asc(t.passkeys.createdAt), asc(t.passkeys.id)),
)

/** Oldest first. Throws `DatabaseUnavailable`. */
export const listPasskeys = (ctx: Read, userId: string): Promise<Passkey[]> => ctx.db.all(passkeysOfUser, { userId })

const passkeyWithUser = query('passkey_with_user', (q, t) =>
  q
    .select({ passkey: t.passkeys, user: t.users })
    .from(t.passkeys)
    .innerJoin(t.users, eq(t.users.id, t.passkeys.userId))
    .where(eq(t.passkeys.credentialId, param('credentialId'))),
)

/** The passkey that an authenticator named, and whose it is. Throws `DatabaseUnavailable`. */
export const findPasskey = (ctx: Read, credentialId: string): Promise<{ passkey: Passkey; user: User } | undefined> =>
  ctx.db.one(passkeyWithUser, { credentialId })

const insertRow = write('insert_passkey', (q, t) => q.insert(t.passkeys).values(rowParameters(t.passkeys)))

/** The commit throws `Duplicate` when there is one with that credential id, whoever's it is. */
export const insertPasskey = (row: Passkey): Statement => must(insertRow, row, 'passkey')

const renameRow = write('rename_passkey', (q, t) =>
  q
    .update(t.passkeys)
    .set({ name: param('name') })
    .where(and(eq(t.passkeys.id, param('id')), eq(t.passkeys.userId, param('userId')))),
)

/** The commit throws `Conflict('passkey')` unless it is that user's, as do those below. */
export const renamePasskey = (owner: Pick<Passkey, 'id' | 'userId'>, name: string): Statement =>
  must(renameRow, { id: owner.id, userId: owner.userId, name }, 'passkey')

const deleteRow = write('delete_passkey', (q, t) =>
  q.delete(t.passkeys).where(and(eq(t.passkeys.id, param('id')), eq(t.passkeys.userId, param('userId')))),
)

export const deletePasskey = ({ id, userId }: Pick<Passkey, 'id' | 'userId'>): Statement =>
  must(deleteRow, { id, userId }, 'passkey')

const deleteRows = write('delete_passkeys_of_user', (q, t) =>
  q.delete(t.passkeys).where(eq(t.passkeys.userId, param('userId'))),
)

/** All of them, as part of a commit that also sets their number. */
export const deletePasskeysOf = (userId: string): Statement => run(deleteRows, { userId })

const setCount = write('set_passkey_count', (q, t) =>
  q
    .update(t.users)
    .set({ passkeyCount: param('count'), version: sql`${t.users.version} + 1`, updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

/**
 * The first statement of every commit that adds or removes passkeys. A login that looked at the account before fails,
 * instead of getting in without the new factor. Throws `Conflict('user')` when the user was changed since they were read.
 */
export const countPasskeys = (
  ctx: Pick<Context, 'clock'>,
  { id, version }: Pick<User, 'id' | 'version'>,
  count: number,
): Statement => must(setCount, { id, version, count, now: now(ctx) }, 'user')

const noteUse = write('note_passkey_use', (q, t) =>
  q
    .update(t.passkeys)
    .set({ counter: param('counter'), backedUp: param('backedUp'), lastUsedAt: param('now') })
    .where(and(eq(t.passkeys.id, param('id')), eq(t.passkeys.counter, param('seen')))),
)

/** The passkey is still there and its counter is the one that the new one was compared with. */
export const usePasskey = (
  ctx: Pick<Context, 'clock'>,
  { id, counter: seen }: Passkey,
  { counter, backedUp }: { readonly counter: number; readonly backedUp: boolean },
): Statement => must(noteUse, { id, seen, counter, backedUp, now: now(ctx) }, 'passkey')
