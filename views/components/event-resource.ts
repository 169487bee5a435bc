import type { Messages } from '../messages'

interface ActedOn {
  readonly actorId: string
  readonly resourceType: string
  readonly resourceId: string
  readonly resourceName: string
  /** Of the application it belongs to; empty where that is unknown. */
  readonly clientName: string
}

/** Enough of an id to tell it from others beside it; they all begin with the time. */
const END_OF_ID = 8

/** What an event acted on, in one line: its name, or its kind and what tells it apart. Empty: nothing, or oneself. */
export function resourceLabel(t: Messages, event: ActedOn): string {
  const { actorId, resourceType, resourceId, resourceName, clientName } = event
  if (resourceName !== '') return resourceName
  if (resourceId === '' || resourceId === actorId) return ''
  const kinds: Readonly<Record<string, string>> = t.audit.resources
  const kind = Object.hasOwn(kinds, resourceType) ? kinds[resourceType] : undefined
  if (kind === undefined) return resourceId
  if (clientName !== '' && resourceType === 'CLIENT') return clientName
  return clientName === '' ? `${kind} …${resourceId.slice(-END_OF_ID)}` : `${kind} · ${clientName}`
}
