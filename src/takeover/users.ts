/** Users: passwords as they are (bcrypt, replaced at the next sign-in), names and addresses also in their compared form. */
import { normaliseEmail, normaliseUsername } from '../identity/users'
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import type { Work } from './work'

type User = NewRow<'users'>
type Draft = { -readonly [Name in keyof User]: User[Name] }

const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/

/** Connections and passwords say who vouches for an address. */
interface Evidence {
  /** Ids of connections whose provider gave the user's address. */
  readonly connection: string | undefined
  readonly hasConnections: boolean
}

export async function convertUsers(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('users')
  const evidence = await connectionsOf(rows, work)
  const users = rows.flatMap((row) => {
    const user = userOf(row, work, evidence.get(readText(row.id)))
    if (!user) notes.notKept('it has no id or no user name', readText(row.username))
    return user ? [user] : []
  })
  for (const rule of UNIQUE) await keepOldest(rule, users, work)
  await work.store.insert('users', users)
  work.report.kept('users', users.length)
}

async function connectionsOf(rows: readonly ExistingRow[], { store }: Work): Promise<ReadonlyMap<string, Evidence>> {
  const emails = new Map(rows.map((row) => [readText(row.id), normaliseEmail(readText(row.email))]))
  const found = await store.ask(
    (k) =>
      `select c.id, c.user_id, c.provider_email from ${k} join ${store.nameOf('oauth_connections')} c on c.user_id = k.value->>0 order by c.id`,
    [...emails.keys()].map((id) => [id]),
  )
  const evidence = new Map<string, Evidence>()
  for (const { id, user_id: userId, provider_email: email } of found) {
    const user = String(userId)
    const gave = normaliseEmail(readText(email)) === emails.get(user) ? String(id) : undefined
    evidence.set(user, { hasConnections: true, connection: evidence.get(user)?.connection ?? gave })
  }
  return evidence
}

function userOf(row: ExistingRow, work: Work, evidence: Evidence | undefined): Draft | undefined {
  const id = readText(row.id)
  const username = readText(row.username)
  if (id === '' || username.trim() === '') return undefined
  const notes = work.report.of('users')
  const fields = fieldsOf(row, id, notes)
  const email = fields.text('email').trim()
  if (email !== fields.text('email')) notes.changed('blanks around the address are gone', id)
  const passwordHash = fields.text('password_hash').trim()
  if (passwordHash !== '' && !BCRYPT.test(passwordHash))
    notes.changed('the password hash has an unknown form; no password fits it until an administrator resets it', id)
  const createdAt = fields.timeOf(['created_at', 'updated_at'], work.startedAt)
  const role = fields.oneOf('role', ['admin', 'user'], 'user', 'the user is no administrator')
  const authSource = fields.name('auth_source') ?? 'local'
  const emailVerified = fields.flag('email_verified')
  const vouchedBy = voucher({ email, role, authSource, passwordHash, emailVerified }, evidence)
  return {
    id,
    username,
    usernameNorm: normaliseUsername(username),
    email,
    emailNorm: vouchedBy === null ? null : normaliseEmail(email),
    passwordHash,
    role,
    fullName: fields.text('full_name'),
    avatarUrl: fields.text('avatar_url'),
    isActive: fields.flag('is_active'),
    emailVerified,
    emailVouchedBy: vouchedBy,
    externalId: fields.name('external_id') ?? null,
    authSource,
    mustChangePassword: false,
    language: null,
    totpSecret: null,
    totpLastStep: null,
    passkeyCount: 0,
    lastLoginAt: null,
    tokenEpoch: 0,
    version: 1,
    imported: true,
    createdAt,
    updatedAt: fields.timeOf(['updated_at'], createdAt),
  }
}

/**
 * Who says that the address is the user's; only then may a provider that names it sign in as that user. Accounts with a
 * password and no connection were made by an administrator, who typed the address. Nobody vouches for an address that
 * came from a provider unverified, nor for an administrator's own.
 */
function voucher(
  user: Pick<User, 'email' | 'role' | 'authSource' | 'passwordHash' | 'emailVerified'>,
  evidence: Evidence | undefined,
): string | null {
  if (!/^[^@\s]+@[^@\s]+$/.test(user.email) || user.role === 'admin') return null
  if (user.authSource !== 'local') return user.authSource === 'http_api' ? 'http_api' : null
  if (evidence?.hasConnections) return user.emailVerified ? (evidence.connection ?? null) : null
  return user.passwordHash === '' ? null : 'admin'
}

interface UniqueRule {
  /** Undefined where the row has no value that could collide. */
  key(user: Draft): readonly string[] | undefined
  readonly columns: readonly string[]
  /** Takes the value away from a row that is not the oldest. */
  release(user: Draft): void
  readonly releaseSql: string
  readonly what: string
}

const UNIQUE: readonly UniqueRule[] = [
  {
    key: ({ usernameNorm }) => (usernameNorm === null ? undefined : [usernameNorm]),
    columns: ['username_norm'],
    release: (user) => {
      user.usernameNorm = null
    },
    releaseSql: 'username_norm = null',
    what: 'an older user has the same name but for upper and lower case; this one signs in by the exact spelling only',
  },
  {
    key: ({ emailNorm }) => (emailNorm === null ? undefined : [emailNorm]),
    columns: ['email_norm'],
    release: (user) => {
      user.emailNorm = null
      user.emailVouchedBy = null
    },
    releaseSql: 'email_norm = null, email_vouched_by = null',
    what: 'an older user has the same address but for blanks or upper and lower case; this one is never linked to a provider by it',
  },
  {
    key: ({ authSource, externalId }) => (externalId === null ? undefined : [authSource, externalId]),
    columns: ['auth_source', 'external_id'],
    release: (user) => {
      user.externalId = null
    },
    releaseSql: 'external_id = null',
    what: 'an older user has the same id at the external system; this one is not found by it any more',
  },
]

/** Of rows that collide, in this batch or with one before, only the oldest keeps the value. */
async function keepOldest(rule: UniqueRule, users: readonly Draft[], work: Work): Promise<void> {
  const notes = work.report.of('users')
  const candidates = users.filter((user) => rule.key(user) !== undefined)
  const before = await holders(rule, candidates, work)
  const released: string[] = []
  const oldest = new Map<string, Draft>()
  for (const user of candidates) {
    const key = JSON.stringify(rule.key(user))
    const rival = oldest.get(key)
    if (rival && isOlder(rival, user)) {
      rule.release(user)
      notes.changed(rule.what, user.id)
      continue
    }
    if (rival) {
      rule.release(rival)
      notes.changed(rule.what, rival.id)
    }
    oldest.set(key, user)
  }
  for (const [key, user] of oldest) {
    const holder = before.get(key)
    if (!holder) continue
    if (isOlder(holder, user)) {
      rule.release(user)
      notes.changed(rule.what, user.id)
    } else {
      released.push(holder.id)
      notes.changed(rule.what, holder.id)
    }
  }
  await work.store.ask(
    (k) => `update users set ${rule.releaseSql} where id in (select k.value->>0 from ${k})`,
    released.map((id) => [id]),
  )
}

type Age = Pick<User, 'id' | 'createdAt'>

const isOlder = (a: Age, b: Age): boolean =>
  a.createdAt.getTime() === b.createdAt.getTime() ? a.id < b.id : a.createdAt < b.createdAt

async function holders(rule: UniqueRule, users: readonly Draft[], { store }: Work): Promise<ReadonlyMap<string, Age>> {
  const match = rule.columns.map((column, index) => `u.${column} = k.value->>${index}`).join(' and ')
  const rows = await store.ask(
    (k) =>
      `select u.id, u.created_at, ${rule.columns.map((column) => `u.${column}`).join(', ')} from ${k} join users u on ${match}`,
    users.map((user) => rule.key(user) ?? []),
  )
  return new Map(
    rows.map((row) => [
      JSON.stringify(rule.columns.map((column) => row[column])),
      { id: String(row.id), createdAt: new Date(Number(row.created_at)) },
    ]),
  )
}
