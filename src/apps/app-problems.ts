/** What is wrong with a form of an application, and why a change of it is refused, in words and as statuses. */
import type { FieldErrors } from '../../views/components/client-form'
import type { Messages } from '../../views/messages'
import type { ClientProblem } from '../clients/check-client'
import type { ClientRefused } from '../clients/refused'

/** Of a new application a foreign scope is named in other words. */
export const problemTexts = (t: Messages, problems: readonly ClientProblem[], isNew: boolean): FieldErrors =>
  problems.map((problem) => ({ field: problem.field, text: textOf(t.clientForm, problem, isNew) }))

function textOf(t: Messages['clientForm'], problem: ClientProblem, isNew: boolean): string {
  switch (problem.problem) {
    case 'bad_uri':
      return t.uriProblem(URI_NAMES[problem.field], t.uriFaults[problem.fault](problem.uri.slice(0, LONGEST_QUOTE)))
    case 'scope_reserved':
      return (isNew ? t.newScopeReserved : t.scopeReserved)(problem.scope.slice(0, LONGEST_QUOTE))
    case 'scope_malformed':
      return t.scopeMalformed(problem.scope.slice(0, LONGEST_QUOTE))
    default:
      return t.problems[problem.problem]
  }
}

const URI_NAMES = {
  redirect_uris: 'redirect_uri',
  post_logout_redirect_uris: 'post_logout_redirect_uri',
  backchannel_logout_uri: 'backchannel_logout_uri',
}

const LONGEST_QUOTE = 200

export const refusalText = ({ apps }: Messages, { refusal }: ClientRefused): string => apps.refusals[refusal]

export const statusOf = ({ refusal }: ClientRefused): number => (refusal === 'changed_meanwhile' ? 409 : 400)
