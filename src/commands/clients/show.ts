/** `authgate clients list` and `show`. Texts are a client's own: whatever could be mistaken is shown as an escape. */
import type { Client } from '../../clients/clients'
import { findDecided, findWaiting, type ReviewContext, type Subject, withProposed } from '../../clients/review'
import type { Output } from '../output'

/** Throws `DatabaseUnavailable`. */
export async function list(ctx: ReviewContext, all: boolean, output: Output): Promise<void> {
  const waiting = await findWaiting(ctx)
  for (const subject of waiting) output.out(line(subject))
  if (waiting.length === 0) output.out('Nothing waits for a decision')
  if (all) for (const client of await findDecided(ctx)) output.out(line({ client }))
}

/** The same for programs. Throws `DatabaseUnavailable`. */
export async function listJson(ctx: ReviewContext, all: boolean, output: Output): Promise<void> {
  const waiting = await findWaiting(ctx)
  const decided = all ? await findDecided(ctx) : []
  output.out(
    JSON.stringify({
      waiting: waiting.map(described),
      ...(all && { clients: decided.map((client) => described({ client })) }),
    }),
  )
}

function described(subject: Subject) {
  const { client, revision } = subject
  const { clientName, origin, redirectUris, scopes, status } = withProposed(subject)
  return {
    ...(revision && { change_id: revision.id, proposed_by: revision.proposedBy }),
    ...{ client_id: client.clientId, client_name: clientName, status, version: client.version },
    ...{ origin, redirect_uris: redirectUris, scope: scopes },
    since: (revision?.createdAt ?? client.createdAt).toISOString(),
  }
}

function line(subject: Subject): string {
  const { client, revision } = subject
  const { clientName, origin, redirectUris, scopes, status } = withProposed(subject)
  return [
    (revision ? 'change' : status).padEnd(8),
    revision?.id ?? client.clientId,
    quoted(clientName),
    ...(revision ? [`of client ${client.clientId}`] : []),
    `origin=${origin}`,
    `redirect_uris=${redirectUris.map(quoted).join(',') || '-'}`,
    `scopes=${quoted(scopes)}`,
    `since ${when(revision?.createdAt ?? client.createdAt)}`,
  ].join('  ')
}

export function show(subject: Subject, output: Output): void {
  const { client, revision } = subject
  if (revision) {
    output.out(`change: ${revision.id} (${revision.status}), proposed by ${quoted(revision.proposedBy)}`)
    output.out(`proposed: ${when(revision.createdAt)}`)
    if (revision.reason !== '') output.out(`reason: ${quoted(revision.reason)}`)
  }
  output.out(`client: ${client.clientId} (${client.status}), version ${client.version}`)
  output.out(`registered: ${when(client.createdAt)}, origin ${client.origin}, from ${client.registrationIp || '-'}`)
  const current = fields(client)
  for (const [index, [name, text]] of fields(withProposed(subject)).entries()) {
    const former = current[index]?.[1] ?? ''
    output.out(former === text ? `${name}: ${text}` : `${name}: ${text}  (now ${former})`)
  }
  const waits = revision ? revision.status === 'pending' : client.status === 'pending'
  if (waits)
    output.out(`To approve: authgate clients approve ${revision?.id ?? client.clientId} --version ${client.version}`)
}

/** The same for programs: what would be in force, and, for a change, what is now. */
export function showJson(subject: Subject, output: Output): void {
  const { client, revision } = subject
  output.out(
    JSON.stringify({
      ...(revision && {
        ...{ change_id: revision.id, change_status: revision.status, proposed_by: revision.proposedBy },
        ...{ proposed_at: revision.createdAt.toISOString(), reason: revision.reason },
      }),
      ...{ client_id: client.clientId, status: client.status, version: client.version, origin: client.origin },
      ...{ registered_at: client.createdAt.toISOString(), registration_ip: client.registrationIp },
      ...metadata(withProposed(subject)),
      ...(revision && { in_force: metadata(client) }),
    }),
  )
}

const metadata = (client: Client) => ({
  ...{ client_name: client.clientName, client_uri: client.clientUri, client_type: client.clientType },
  token_endpoint_auth_method: client.tokenEndpointAuthMethod,
  ...{ grant_types: client.grantTypes.split(' '), scope: client.scopes, redirect_uris: client.redirectUris },
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  backchannel_logout_uri: client.backchannelLogoutUri,
})

const fields = (client: Client): [name: string, text: string][] => [
  ['name', quoted(client.clientName)],
  ['home page', quoted(client.clientUri)],
  ['type', `${client.clientType}, ${client.tokenEndpointAuthMethod ?? 'any authentication'}`],
  ['grants', quoted(client.grantTypes)],
  ['scopes', quoted(client.scopes)],
  ['redirect URIs', client.redirectUris.map(quoted).join(' ') || '-'],
  ['redirect URIs after logout', client.postLogoutRedirectUris.map(quoted).join(' ') || '-'],
  ['back-channel logout', quoted(client.backchannelLogoutUri)],
]

/** Nothing that ends a line, turns its direction or is invisible leaves the quotes. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu,
    (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`,
  )

/** `2026-01-31 09:30 UTC` */
const when = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
