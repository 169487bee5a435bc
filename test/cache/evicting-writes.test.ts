/** Every write that outdates a copy says which. */
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { evictionOf, unlistedEviction } from '../../src/cache/evicting-writes'
import { findClientFacts } from '../../src/clients/cached-client'
import { rowParameters, write } from '../../src/db/definitions'
import { run } from '../../src/db/statements'
import { findUserFacts } from '../../src/identity/cached-user'
import { openTestApp } from '../support/app'

const SOURCE = join(import.meta.dir, '../../src')
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

/** Names of writes to a cached table; a template stands for what is listed by its beginning. */
function writesOfCachedTables(): { name: string; file: string }[] {
  const found: { name: string; file: string }[] = []
  for (const file of files) {
    const text = readFileSync(join(SOURCE, file), 'utf8')
    for (const match of text.matchAll(
      /\bwrite\(\s*['`]([\w${}]+)['`]([\s\S]*?)(?=\n\n|\n(?:const|export|function)\b|$)/g,
    )) {
      const [, name = '', body = ''] = match
      if (/\.(?:update|delete)\(\s*(?:t\.)?(?:users|oauthApplications|clientRevisions|accessTokens)\s*\)/.test(body))
        found.push({ name, file })
    }
  }
  return found
}

describe('the list of eviction points', () => {
  const writes = writesOfCachedTables()

  test('it knows every write of the source that changes or deletes users, clients, revisions or tokens', () => {
    expect(writes.length).toBeGreaterThan(30)
    const names = writes.flatMap(({ name, file }) => {
      const by = name.replace('${by}', 'owner')
      return evictionOf(by) ? [] : `${name} in ${file}`
    })
    expect(names).toEqual([])
  })

  test('writes whose names are made are listed too', () => {
    const made = ['user', 'client', 'consent'].map((name) => `revoke_tokens_of_${name}`)
    for (const name of [...made, 'revoke_token', 'revoke_tokens_of_family', 'revoke_tokens_of_root'])
      expect(evictionOf(name)).toBeDefined()
    for (const by of ['owner', 'admin']) expect(evictionOf(`enable_token_by_${by}`)).toBeDefined()
    expect(evictionOf('delete_batch_of_access_tokens')).toBeDefined()
    expect(evictionOf('constructor')).toBeUndefined()
  })

  test('no secret and no digest of one is in a copy [SEC]', async () => {
    const app = await openTestApp()
    const [user, client] = [await app.insertUser(), await app.insertClient({ registrationTokenHash: 'digest' })]
    const copies = [await findUserFacts(app.ctx, user.id), await findClientFacts(app.ctx, client.clientId)]
    for (const copy of copies) {
      expect(copy).toBeDefined()
      expect(Object.keys(copy ?? {}).filter((name) => /secret|hash|password|totp/i.test(name))).toEqual([])
    }
    await app.close()
  })

  test('a write that is not listed empties everything and is reported', async () => {
    expect(unlistedEviction('update "users" set "role" = ?')).toBe('everything')
    expect(unlistedEviction('insert into "audit_logs" values (?)')).not.toBe('everything')
    const app = await openTestApp({ settings: { USER_CACHE_TYPE: 'memory' } })
    const unlisted = write('test_unlisted', (q, t) => q.delete(t.users))
    const listed = write('insert_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))
    const user = await app.insertUser()
    await app.ctx.caches.user.get('kept', async () => user)
    await app.ctx.db.commit([
      run(listed, { ...user, id: 'another', username: 'another', usernameNorm: 'another', email: '', emailNorm: null }),
    ])
    let fetched = 0
    const read = () =>
      app.ctx.caches.user.get('kept', async () => {
        fetched += 1
        return user
      })
    await read()
    expect(fetched).toBe(0)
    await app.ctx.db.commit([run(unlisted, {})])
    await read()
    expect(fetched).toBe(1)
    expect(
      app
        .log()
        .filter(({ level }) => level === 'error')
        .map(({ fields }) => fields.statement),
    ).toEqual(['test_unlisted'])
    await app.close()
  })
})
