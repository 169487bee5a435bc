/** A new secret for a client, with or without a time in which the old one still works. */
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import type { Client } from './clients'
import { secretParameters } from './fields'
import { ClientRefused } from './refused'
import { generateClientSecret, hashClientSecret } from './secret'
import { type Actor, asShown, commitClient, nextVersion, shown } from './shown'

/** How long the old secret may go on working, in seconds. */
export const OVERLAPS = [0, 3600, 86_400, 604_800] as const
export type Overlap = (typeof OVERLAPS)[number]

/** Anything that is not offered means that the old secret ends at once. */
export const overlapOf = (text: string | undefined): Overlap =>
  OVERLAPS.find((seconds) => String(seconds) === text) ?? 0

const replaceSecrets = write('replace_client_secrets', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ ...secretParameters(), version: nextVersion(t.oauthApplications), updatedAt: param('now') })
    .where(asShown(t.oauthApplications)),
)

type Secrets = Pick<Client, 'clientSecret' | 'previousClientSecret' | 'previousSecretExpiresAt'>

const setSecrets = (ctx: RequestContext, client: Client, secrets: Secrets): Statement =>
  must(replaceSecrets, { ...secrets, ...shown(client), now: now(ctx) }, 'client')

/**
 * Resolves to the secret, to be shown once. An older one that still overlapped ends. `alongside` adds to the commit, such
 * as the page that shows the secret.
 *
 * Throws `ClientRefused` (`no_secret` for a public client, `changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function regenerateSecret(
  ctx: RequestContext,
  actor: Actor,
  client: Client,
  overlap: Overlap,
  alongside: (secret: string) => readonly Statement[] = () => [],
): Promise<string> {
  if (client.clientType === 'public') throw new ClientRefused('no_secret')
  const secret = generateClientSecret(ctx)
  const overlaps = overlap > 0 && client.clientSecret !== null
  const previousSecretExpiresAt = overlaps ? new Date(ctx.clock.now() + overlap * 1000) : null
  await commitClient(ctx, [
    setSecrets(ctx, client, {
      clientSecret: hashClientSecret(ctx, secret),
      previousClientSecret: overlaps ? client.clientSecret : null,
      previousSecretExpiresAt,
    }),
    ...record(ctx, actor, client, 'OAuth client secret regenerated', {
      ...(previousSecretExpiresAt && { previous_valid_until: previousSecretExpiresAt.toISOString() }),
    }),
    ...alongside(secret),
  ])
  return secret
}

/** Whether a secret from before the last regeneration still works. */
export const hasOverlap = ({ clock }: Pick<RequestContext, 'clock'>, client: Client): boolean =>
  client.previousClientSecret !== null && (client.previousSecretExpiresAt?.getTime() ?? 0) > clock.now()

/**
 * Ends the old secret before its time.
 *
 * Throws `ClientRefused` (`nothing_waits`, `changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function endOverlap(ctx: RequestContext, actor: Actor, client: Client): Promise<void> {
  if (!hasOverlap(ctx, client)) throw new ClientRefused('nothing_waits')
  await commitClient(ctx, [
    setSecrets(ctx, client, {
      clientSecret: client.clientSecret,
      previousClientSecret: null,
      previousSecretExpiresAt: null,
    }),
    ...record(ctx, actor, client, 'Previous OAuth client secret ended', {}),
  ])
}

const record = (
  ctx: RequestContext,
  actor: Actor,
  { clientId, clientName }: Client,
  action: string,
  details: Readonly<Record<string, unknown>>,
): Statement[] =>
  audit(ctx, {
    event: 'CLIENT_SECRET_REGENERATED',
    action,
    severity: 'WARNING',
    actor,
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    clientId,
    details: { client_name: clientName, ...details },
  })
