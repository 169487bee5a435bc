import { Html } from '../html'
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
export const ClientMark = ({ client }: { client: ClientView }) => (
  <p class="mt-3 flex flex-wrap items-center justify-center gap-2">
    <Mark client={client} />
  </p>
)

function Mark({ client }: { client: ClientView }) {
  switch (client.mark) {
    case 'organisation':
      return (
        <Badge tone="good" icon="badge-check">
          Provided by your organisation
        </Badge>
      )
    case 'own':
      return (
        <Badge tone="accent" icon="user">
          Registered by you
        </Badge>
      )
    case 'registered-by':
      return (
        <Badge icon="user">{client.ownerName ? `Registered by ${client.ownerName}` : 'Registered by a user'}</Badge>
      )
    case 'self-registered':
      return (
        <Badge tone="warning" icon="triangle-alert">
          Not verified by anybody
        </Badge>
      )
  }
}
