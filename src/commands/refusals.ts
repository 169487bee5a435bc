/** Refusals of the domain in the words of the pages. */
import { messagesOf } from '../../views/messages'
import { ClientRefused } from '../clients/refused'
import type { UserRefused } from '../users/refused'

/** Commands speak English. */
const { adminUsers, password, apps } = messagesOf('en')

export function refusalOf(error: UserRefused | ClientRefused): string {
  if (error instanceof ClientRefused) return apps.refusals[error.refusal]
  return error.detail === undefined ? adminUsers.problems[error.problem] : password.problems[error.detail]
}
