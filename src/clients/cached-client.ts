/** What is known of a client without its secrets, perhaps from a copy. */
import { clientKey } from '../cache/evicting-writes'
import type { Context } from '../context'
import { type Client, findClient } from './clients'

const SECRETS = [
  'clientSecret',
  'previousClientSecret',
  'previousSecretExpiresAt',
  'registrationTokenHash',
] as const satisfies readonly (keyof Client)[]

/** Digests of secrets are never copied: a client proves itself to the database. */
export type ClientFacts = Omit<Client, (typeof SECRETS)[number]>

const factsOf = (client: Client): ClientFacts => {
  const facts: Partial<Client> = { ...client }
  for (const name of SECRETS) delete facts[name]
  return facts as ClientFacts
}

/** The client of any status. Throws `DatabaseUnavailable`. */
export const findClientFacts = (
  ctx: Pick<Context, 'db' | 'caches'>,
  clientId: string,
): Promise<ClientFacts | undefined> =>
  ctx.caches.client.get(clientKey(clientId).key, async () => {
    const client = await findClient(ctx, clientId)
    return client && factsOf(client)
  })
