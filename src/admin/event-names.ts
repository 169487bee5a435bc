/** Audit records know applications by their ids only; people know them by their names. */
import type { AuditRow } from '../audit/row'
import { clientNames } from '../clients/names'
import type { Context } from '../context'

/** An application that acts for itself. */
const CLIENT_ACTOR = 'client:'

export interface EventNames {
  /** Who did it; empty: the server itself. */
  readonly actor: string
  /** The application that acted for itself. */
  readonly actingClientId?: string
  /** Of the application the record is about; empty where there is none, or where it is gone. */
  readonly clientName: string
}

const actingClient = ({ actorUserId }: AuditRow): string =>
  actorUserId.startsWith(CLIENT_ACTOR) ? actorUserId.slice(CLIENT_ACTOR.length) : ''

const clientOf = ({ clientId, resourceType, resourceId }: AuditRow): string =>
  clientId === '' && resourceType === 'CLIENT' ? resourceId : clientId

/** The names of one record after another, for as many records as a page shows. */
export async function eventNames(
  ctx: Pick<Context, 'db'>,
  rows: readonly AuditRow[],
): Promise<(row: AuditRow) => EventNames> {
  const names = await clientNames(
    ctx,
    rows.flatMap((row) => [clientOf(row), actingClient(row)]),
  )
  return (row) => {
    const acting = actingClient(row)
    const stored = row.actorUsername || row.actorUserId
    return {
      actor: names.get(acting) ?? stored,
      clientName: names.get(clientOf(row)) ?? '',
      ...(acting !== '' && { actingClientId: acting }),
    }
  }
}
