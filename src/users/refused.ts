import type { PasswordProblem } from '../identity/password'

/** Why a change of a user is refused; pages say it in the reader's language. */
export type UserProblem =
  | 'username_required'
  | 'username_long'
  | 'username_taken'
  | 'username_retired'
  | 'email_required'
  | 'email_invalid'
  | 'email_taken'
  | 'name_long'
  | 'role_invalid'
  | 'password_unfit'
  | 'own_role'
  | 'own_status'
  | 'own_account'
  | 'last_admin'
  | 'already_active'
  | 'already_disabled'
  | 'not_local'
  | 'adds_password'
  | 'apps_undecided'
  | 'new_owner_unknown'
  | 'not_admin'
  | 'changed_meanwhile'

/** Nothing was written. */
export class UserRefused extends Error {
  constructor(
    readonly problem: UserProblem,
    /** What is wrong with a password. */
    readonly detail?: PasswordProblem,
  ) {
    super(problem)
    this.name = 'UserRefused'
  }
}
