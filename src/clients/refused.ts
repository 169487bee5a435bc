/** Why a change of a client is refused; pages say it in the reader's language. */
export type ClientRefusal =
  /** Somebody else changed or decided about it since it was read. */
  | 'changed_meanwhile'
  /** The user has as many as `MAX_APPS_PER_USER` allows. */
  | 'too_many'
  /** The account that would own it is gone or disabled. */
  | 'owner_gone'
  /** Its owner may not delete a client that is in use. */
  | 'active'
  /** Only a client that was rejected or deactivated is submitted again. */
  | 'not_inactive'
  /** Public clients have no secret. */
  | 'no_secret'
  /** There is nothing to take back. */
  | 'nothing_waits'

/** Nothing was written. */
export class ClientRefused extends Error {
  constructor(readonly refusal: ClientRefusal) {
    super(refusal)
    this.name = 'ClientRefused'
  }
}
