/** How an application is shown to a person who has to decide about it. Its name and address are free text. */
import type { ClientView } from '../../views/components/client-mark'
import type { ClientFacts } from '../clients/cached-client'

/** Who registered a client. */
export interface ClientOwner {
  readonly id: string
  readonly username: string
  readonly fullName: string
}

const LONGEST_NAME = 100

/** Control, bidirectional, zero-width and unassigned characters: they make one name look like another. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** One line of what can be seen, at most 100 characters. */
export function shownName(text: string): string {
  const clean = text.toWellFormed().normalize('NFC').replace(INVISIBLE, ' ').replace(/\s+/gu, ' ').trim()
  const characters = [...clean]
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join('')}…` : clean
}

export function clientView(client: ClientFacts, owner: ClientOwner | null, viewerId: string): ClientView {
  return {
    id: client.clientId,
    name: shownName(client.clientName) || client.clientId,
    ...markOf(client, owner, viewerId),
    ...(isWebAddress(client.clientUri) && { uri: client.clientUri }),
  }
}

function markOf(
  { origin }: Pick<ClientFacts, 'origin'>,
  owner: ClientOwner | null,
  viewerId: string,
): Pick<ClientView, 'mark' | 'ownerName'> {
  if (origin === 'seed' || origin === 'admin') return { mark: 'organisation' }
  // Taken-over records without an owner may have been registered by anybody.
  if (origin === 'registration' || !owner) return { mark: 'self-registered' }
  if (owner.id === viewerId) return { mark: 'own' }
  return { mark: 'registered-by', ownerName: shownName(owner.fullName) || shownName(owner.username) }
}

const isWebAddress = (uri: string): boolean => /^https?:\/\//i.test(uri) && URL.canParse(uri)
