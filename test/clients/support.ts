/** People acting on clients, without pages. */
import { eq } from 'drizzle-orm'
import { checkClient, type Rights } from '../../src/clients/check-client'
import { type ClientInput, EMPTY_INPUT } from '../../src/clients/client-input'
import type { Client } from '../../src/clients/clients'
import type { ClientFields } from '../../src/clients/fields'
import { ClientRefused } from '../../src/clients/refused'
import type { RequestContext } from '../../src/context'
import type { TestApp } from '../support/app'

/** Who decides in tests. */
export const ADMIN = { id: 'the-admin', username: 'admin' }

export const requestOf = (app: TestApp): RequestContext => ({
  ...app.ctx,
  request: { id: 'request-1', ip: '192.0.2.10', userAgent: 'test', path: '/apps', method: 'POST' },
})

export const input = (changes: Partial<ClientInput> = {}): ClientInput => ({
  ...EMPTY_INPUT,
  clientName: 'My tool',
  ...changes,
})

/** What is stored of an input; fails when something is wrong with it. */
export function fieldsOf(changes: Partial<ClientInput> = {}, rights: Rights = 'owner', live?: Client): ClientFields {
  const checked = checkClient(input(changes), rights, live)
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems))
  return checked.fields
}

/** The reason a change was refused for; fails when it was not. */
export async function refusal(change: Promise<unknown>): Promise<string> {
  try {
    await change
  } catch (error) {
    if (error instanceof ClientRefused) return error.refusal
    throw error
  }
  throw new Error('the change was made')
}

export async function clientRow(app: TestApp, clientId: string): Promise<Client | undefined> {
  const { q, t } = app.ctx.db
  const [row] = await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientId, clientId))
  return row
}

export async function revisionsOf(app: TestApp, clientId: string) {
  const { q, t } = app.ctx.db
  return await q.select().from(t.clientRevisions).where(eq(t.clientRevisions.clientId, clientId))
}

export async function auditAbout(app: TestApp, clientId: string) {
  const { q, t } = app.ctx.db
  return await q.select().from(t.auditLogs).where(eq(t.auditLogs.resourceId, clientId)).orderBy(t.auditLogs.id)
}
