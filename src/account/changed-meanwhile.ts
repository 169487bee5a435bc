import { Conflict } from '../db/commit'
import { PageError } from '../edge/page-error'

/** Throws the 409 page when the account was changed meanwhile. */
export async function orChangedMeanwhile<T>(change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new PageError(409, (m) => m.security.changedMeanwhile)
  }
}
