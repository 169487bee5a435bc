/**
 * The first administrator and the first client, made once in the life of a database.
 *
 * The accounts and the note that they were made are one commit. What the operator must be told is on disk before it, so
 * that no account exists whose password nobody knows; and tables that were emptied later are not filled again.
 */
import { eq } from 'drizzle-orm'
import { generateClientSecret, hashClientSecret } from '../clients/secret'
import { type Context, now } from '../context'
import { commit, DatabaseUnavailable, must, type Statement } from '../db/commit'
import { param, query, rowParameters, write } from '../db/definitions'
import { generatePassword } from '../identity/password'
import { type Credentials, type CredentialsFile, credentialsPath, writeCredentials } from './credentials-file'
import { adminRow, defaultClientRow } from './rows'

const seedByName = query('seed_by_name', (q, t) =>
  q
    .select()
    .from(t.seedState)
    .where(eq(t.seedState.name, param('name'))),
)
const anyUser = query('any_user', (q, t) => q.select({ id: t.users.id }).from(t.users).limit(1))
const anyClient = query('any_client', (q, t) =>
  q.select({ id: t.oauthApplications.clientId }).from(t.oauthApplications).limit(1),
)
const userNamedAdmin = query('user_named_admin', (q, t) =>
  q.select({ id: t.users.id }).from(t.users).where(eq(t.users.username, 'admin')).limit(1),
)
const rememberSeed = write('remember_seed', (q, t) => q.insert(t.seedState).values(rowParameters(t.seedState)))
const insertAdmin = write('seed_admin', (q, t) => q.insert(t.users).values(rowParameters(t.users)))
const insertClient = write('seed_client', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

/** The name under which a database knows that its first accounts were made. */
export const FIRST_START = 'first_start'

export interface SeedOptions {
  readonly cwd: string
  /** Cancels before anything is written; what has begun is finished. */
  readonly signal?: AbortSignal
}

/** Throws `StartError` when the credentials cannot be written, and what the database throws; nothing is made then. */
export async function seed(ctx: Context, options: SeedOptions): Promise<void> {
  if (await isSeeded(ctx)) return
  // Processes that start together on one empty database: the first makes the accounts, the others wait and see them.
  await ctx.db.exclusively('seed', true, async () => {
    if (!(await isSeeded(ctx))) await seedNow(ctx, options)
  })
}

const isSeeded = async (ctx: Context): Promise<boolean> =>
  (await ctx.db.one(seedByName, { name: FIRST_START })) !== undefined

async function seedNow(ctx: Context, { cwd, signal }: SeedOptions): Promise<void> {
  const { settings } = ctx
  const needsAdmin = (await ctx.db.one(anyUser)) === undefined
  const needsClient = settings.SEED_DEFAULT_CLIENT && (await ctx.db.one(anyClient)) === undefined
  const generated = settings.DEFAULT_ADMIN_PASSWORD === ''
  const password = generated ? generatePassword(ctx.random) : settings.DEFAULT_ADMIN_PASSWORD
  const statements: Statement[] = [must(rememberSeed, { name: FIRST_START, at: now(ctx) }, 'seed')]

  const admin = needsAdmin
    ? adminRow(ctx, { passwordHash: await ctx.passwords.hash(password), mustChangePassword: generated })
    : undefined
  if (admin) statements.push(must(insertAdmin, admin, 'admin'))

  const secret = generateClientSecret(ctx)
  const ownerId = admin?.id ?? (await ctx.db.one(userNamedAdmin))?.id ?? null
  const client = needsClient
    ? defaultClientRow(ctx, { clientSecret: hashClientSecret(ctx, secret), ownerId })
    : undefined
  if (client) statements.push(must(insertClient, client, 'client'))

  signal?.throwIfAborted()
  const credentials: Credentials = {
    ...(admin && generated && { adminPassword: password }),
    ...(client && { client: { id: client.clientId, secret } }),
  }
  const hasSecrets = credentials.adminPassword !== undefined || credentials.client !== undefined
  const file = hasSecrets ? writeCredentials(credentialsPath(settings, cwd), credentials) : undefined
  await commitOrRemove(ctx, statements, file)

  if (admin) ctx.log.info({}, `Created default user: admin${generated ? '' : ' / [configured password]'} (role: admin)`)
  if (client) ctx.log.info({}, `Created default OAuth client: ${client.clientId} (${client.clientName})`)
  if (!file) return
  ctx.log.info({}, `Initial credentials written to: ${file.path} (mode 0600)`)
  ctx.log.warn({}, 'WARNING: Read and delete this file after first login!')
}

/** When a connection is lost during COMMIT, the accounts may exist; the file is then the only way into them. */
async function commitOrRemove(ctx: Context, statements: Statement[], file: CredentialsFile | undefined): Promise<void> {
  try {
    await commit(ctx, statements)
  } catch (error) {
    const unknown = error instanceof DatabaseUnavailable && (await isSeeded(ctx).catch(() => true))
    if (!unknown) file?.remove()
    throw error
  }
}
