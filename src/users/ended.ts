/** What a change of a user ended, to be told to who made it. */
export interface Ended {
  readonly tokensRevoked: number
  readonly sessionsEnded: number
}
