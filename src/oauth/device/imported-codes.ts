/**
 * Device codes taken over from an earlier deployment, redeemable until they expire.
 *
 * Their rows are found by the last eight characters of the code and hold a salted PBKDF2 hash. Ten thousand rounds
 * protect nothing that has 160 random bits and cost dearly at every poll, so the first match replaces the hash.
 */
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { and, eq, isNotNull } from 'drizzle-orm'
import type { Context } from '../../context'
import { commit, run } from '../../db/commit'
import { param, query, write } from '../../db/definitions'
import { equalDigest, sha256Hex } from '../../secrets'

const SUFFIX_LENGTH = 8
const ROUNDS = 10_000
const HASH_BYTES = 50

const importedBySuffix = query('imported_device_codes', (q, t) =>
  q
    .select({ id: t.deviceCodes.id, hash: t.deviceCodes.deviceCodeHash, salt: t.deviceCodes.importedSalt })
    .from(t.deviceCodes)
    .where(eq(t.deviceCodes.importedSuffix, param('suffix'))),
)

const replaceHash = write('replace_imported_device_code_hash', (q, t) =>
  q
    .update(t.deviceCodes)
    .set({ deviceCodeHash: param('hash'), importedSalt: null, importedSuffix: null })
    .where(and(eq(t.deviceCodes.id, param('id')), isNotNull(t.deviceCodes.importedSuffix))),
)

/** The salt counts as the text it is, not as the bytes it spells. Runs off the event loop. */
async function saltedHash(code: string, salt: string): Promise<string> {
  return (await promisify(pbkdf2)(code, salt, ROUNDS, HASH_BYTES, 'sha256')).toString('hex')
}

/** The row id of an imported code. Throws `DatabaseUnavailable`. */
export async function findImportedCode(ctx: Context, code: string): Promise<string | undefined> {
  const candidates = await ctx.db.all(importedBySuffix, { suffix: code.slice(-SUFFIX_LENGTH) })
  for (const { id, hash, salt } of candidates) {
    if (salt === null || !equalDigest(await saltedHash(code, salt), hash)) continue
    await commit(ctx, [run(replaceHash, { id, hash: sha256Hex(code) })])
    return id
  }
  return undefined
}
