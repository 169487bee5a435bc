import type { PageFrame } from '../frame'
import { Html } from '../html'
import { LinkButton, OpenButton, SubmitButton } from './button'
import { Confirm } from './confirm'
import { type DangerousAction, DangerRows } from './danger-zone'
import { Form } from './field'

interface ActedUser {
  readonly id: string
  readonly username: string
  readonly own: boolean
  readonly active: boolean
  readonly hasPassword: boolean
  readonly resettable: boolean
  readonly bound: boolean
  readonly secondFactor: boolean
}

/** What an administrator may do to an account by one press; each asks once more. */
export function UserActions({ frame, user }: { frame: PageFrame; user: ActedUser }) {
  const t = frame.t.adminUsers
  const here = `${frame.basePath}/admin/users/${encodeURIComponent(user.id)}`
  const token = frame.csrfToken
  return (
    <section class="panel" aria-labelledby="danger-zone">
      <h2 id="danger-zone" class="px-5 pt-5 text-base font-semibold">
        {t.dangerZone}
      </h2>
      <DangerRows actions={dangerousActions(frame, user, here)} />
      {user.resettable && (
        <Confirm
          t={frame.t}
          id="reset-password"
          title={t.resetQuestion(user.username)}
          action={`${here}/reset-password`}
          token={token}
          confirmLabel={t.resetPassword}
          fields={!user.hasPassword && <input type="hidden" name="adds_password" value="1" />}
        >
          {!user.hasPassword ? t.resetAddsText(user.username) : user.own ? t.resetOwnText : t.resetText}
        </Confirm>
      )}
      {user.secondFactor && !user.own && (
        <Confirm
          t={frame.t}
          id="reset-second-factor"
          title={frame.t.security.adminResetQuestion(user.username)}
          action={`${here}/reset-second-factor`}
          token={token}
          confirmLabel={frame.t.security.adminReset}
        >
          {frame.t.security.adminResetText(user.username)}
        </Confirm>
      )}
      {user.bound && (
        <Confirm
          t={frame.t}
          id="rebind-user"
          title={t.rebindQuestion(user.username)}
          action={`${here}/rebind`}
          token={token}
          confirmLabel={t.rebind}
        >
          {t.rebindText(user.username)}
        </Confirm>
      )}
      {!user.own && user.active && (
        <Confirm
          t={frame.t}
          id="disable-user"
          title={t.disableQuestion(user.username)}
          action={`${here}/disable`}
          token={token}
          confirmLabel={t.disable}
        >
          {t.disableText(user.username)}
        </Confirm>
      )}
    </section>
  )
}

function dangerousActions(frame: PageFrame, user: ActedUser, here: string): DangerousAction[] {
  const t = frame.t.adminUsers
  const opens = (dialog: string, label: string) => (
    <OpenButton look="plain" dialog={dialog}>
      {label}
    </OpenButton>
  )
  const others: DangerousAction[] = [
    user.active
      ? { text: t.disableShort, button: opens('disable-user', t.disable) }
      : {
          text: t.enableShort,
          button: (
            <Form action={`${here}/enable`} token={frame.csrfToken}>
              <SubmitButton look="plain">{t.enable}</SubmitButton>
            </Form>
          ),
        },
    {
      text: t.deleteShort,
      button: (
        <LinkButton look="danger" href={`${here}/delete`}>
          {t.deleteUser}
        </LinkButton>
      ),
    },
  ]
  return [
    ...(user.resettable ? [{ text: t.resetShort, button: opens('reset-password', t.resetPassword) }] : []),
    ...(user.secondFactor && !user.own
      ? [{ text: t.secondFactorShort, button: opens('reset-second-factor', frame.t.security.adminReset) }]
      : []),
    ...(user.bound ? [{ text: t.rebindShort, button: opens('rebind-user', t.rebind) }] : []),
    ...(user.own ? [] : others),
  ]
}
