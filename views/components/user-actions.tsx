import type { PageFrame } from '../frame'
import { Html } from '../html'
import { LinkButton, OpenButton, SubmitButton } from './button'
import { Confirm } from './confirm'
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
    <section class="panel p-5" aria-labelledby="danger-zone">
      <h2 id="danger-zone" class="text-base font-semibold">
        {t.dangerZone}
      </h2>
      <p class="mt-1 mb-4 text-sm text-muted">{t.dangerText}</p>
      <div class="flex flex-wrap gap-2">
        {user.resettable && (
          <OpenButton look="plain" dialog="reset-password">
            {t.resetPassword}
          </OpenButton>
        )}
        {user.secondFactor && !user.own && (
          <OpenButton look="plain" dialog="reset-second-factor">
            {frame.t.security.adminReset}
          </OpenButton>
        )}
        {user.bound && (
          <OpenButton look="plain" dialog="rebind-user">
            {t.rebind}
          </OpenButton>
        )}
        {!user.own && user.active && (
          <OpenButton look="plain" dialog="disable-user">
            {t.disable}
          </OpenButton>
        )}
        {!user.own && !user.active && (
          <Form action={`${here}/enable`} token={token}>
            <SubmitButton look="plain">{t.enable}</SubmitButton>
          </Form>
        )}
        {!user.own && (
          <LinkButton look="danger" href={`${here}/delete`}>
            {t.deleteUser}
          </LinkButton>
        )}
      </div>
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
