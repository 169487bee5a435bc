/** `authgate clients approve` and `reject`. */
import { grantsProblem } from '../../clients/metadata'
import { approve, type ReviewContext, reject, type Subject, withProposed } from '../../clients/review'
import { Conflict } from '../../db/errors'
import { COMMAND_LINE } from '../../users/administrators'
import type { Output } from '../output'
import { print } from '../report'
import type { ClientsOptions } from './arguments'
import { ClientsRefusal } from './refusal'
import { quoted } from './show'

/** Throws `ClientsRefusal` when nothing was decided, and `DatabaseUnavailable`. */
export async function decide(
  ctx: ReviewContext,
  decision: 'approve' | 'reject',
  subject: Subject,
  options: ClientsOptions,
  output: Output,
): Promise<void> {
  requireWaiting(subject)
  const { client, revision } = subject
  // A client may change between the look at it and the decision.
  if (options.version !== '' && options.version !== String(client.version)) throw changed(client.clientId)
  try {
    if (decision === 'approve') {
      requireFitting(subject)
      await approve(ctx, subject, COMMAND_LINE)
    } else await reject(ctx, subject, COMMAND_LINE, options.reason)
  } catch (error) {
    if (error instanceof Conflict) throw changed(revision?.id ?? client.clientId)
    throw error
  }
  const what = revision ? `Change ${revision.id} of client` : 'Client'
  const done = decision === 'approve' ? (revision ? 'is in force' : 'is active') : 'is rejected'
  const json = {
    ...(revision && { change_id: revision.id }),
    ...{ client_id: client.clientId, client_name: client.clientName },
    outcome: decision === 'approve' ? 'approved' : 'rejected',
  }
  print(options.json, output, json, [`${what} ${client.clientId} ${quoted(client.clientName)} ${done}`])
}

const changed = (id: string): ClientsRefusal =>
  new ClientsRefusal(`it was changed in the meantime; look again: authgate clients show ${id}`)

function requireWaiting({ client, revision }: Subject): void {
  if (revision && revision.status !== 'pending')
    throw new ClientsRefusal(`change ${revision.id} is ${revision.status} already`)
  if (!revision && client.status !== 'pending')
    throw new ClientsRefusal(
      `client ${client.clientId} is ${client.status} already; a change of it is named by the id that "authgate clients list" prints`,
    )
}

/** What was approved or deactivated since the change was proposed may not fit it any more. */
function requireFitting(subject: Subject): void {
  const { client, revision } = subject
  if (!revision) return
  if (client.status !== 'active') throw new ClientsRefusal(`client ${client.clientId} is ${client.status}`)
  const problem = grantsProblem(withProposed(subject))
  if (problem) throw new ClientsRefusal(`the change does not fit the client as it is now: ${problem}`)
}
