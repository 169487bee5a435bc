export type OutgoingErrorKind = 'refused' | 'unreachable' | 'timeout' | 'too_large'

/** A request of this server that got no usable answer. The message names the host, never what was sent. */
export class OutgoingError extends Error {
  constructor(
    /** `refused`: it was not sent, because this server does not call such addresses. */
    readonly kind: OutgoingErrorKind,
    message: string,
  ) {
    super(message)
    this.name = 'OutgoingError'
  }
}
