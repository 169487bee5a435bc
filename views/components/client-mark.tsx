import { Html } from '../html'
import type { Messages } from '../messages'
import { Badge } from './badge'

export interface ClientView {
  readonly id: string
  readonly name: string
  /** Who stands behind the name. */
  readonly mark: 'organisation' | 'own' | 'registered-by' | 'self-registered'
  /** For `registered-by`. */
  readonly ownerName?: string
  readonly uri?: string
}

/** Who vouches for an application: names are free text, so this line carries the weight. */
export const ClientMark = ({ t, client }: { t: Messages; client: ClientView }) => (
  <p class="mt-3 flex flex-wrap items-center justify-center gap-2">
    <Mark t={t} client={client} />
  </p>
)

function Mark({ t, client }: { t: Messages; client: ClientView }) {
  const texts = t.things.client
  switch (client.mark) {
    case 'organisation':
      return (
        <Badge tone="good" icon="badge-check">
          {texts.organisation}
        </Badge>
      )
    case 'own':
      return (
        <Badge tone="accent" icon="user">
          {texts.own}
        </Badge>
      )
    case 'registered-by':
      return (
        <Badge icon="user">{client.ownerName ? texts.registeredBy(client.ownerName) : texts.registeredByUser}</Badge>
      )
    case 'self-registered':
      return (
        <Badge tone="warning" icon="triangle-alert">
          {texts.selfRegistered}
        </Badge>
      )
  }
}
