/** Refusals of changes of users, in words and as statuses. */
import type { Messages } from '../../views/messages'
import type { UserRefused } from '../users/refused'

export function refusalText({ adminUsers, password }: Messages, { problem, detail }: UserRefused): string {
  return detail === undefined ? adminUsers.problems[problem] : password.problems[detail]
}

export function statusOf({ problem }: UserRefused): number {
  if (problem === 'not_admin') return 403
  return problem === 'changed_meanwhile' ? 409 : 400
}
