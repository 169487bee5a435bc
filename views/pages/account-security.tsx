import { Badge } from '../components/badge'
import { LinkButton, OpenButton } from '../components/button'
import { Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { AccountPage } from '../components/page'
import type { PageFrame } from '../frame'
import { type Child, Html, nothing } from '../html'

export interface AccountSecurityProps {
  readonly password: 'set' | 'elsewhere' | 'none'
  /** The authenticator app is set up. */
  readonly totp: boolean
  /** How many. */
  readonly passkeys: number
  /** One can be added. */
  readonly passkeysOffered: boolean
  readonly codesLeft: number
  /** The server asks for a second factor: it cannot be turned off. */
  readonly required: boolean
}

const Row = (props: { text: Child; children?: Child }) => (
  <div class="panel panel-padded flex flex-wrap items-center justify-between gap-3 text-sm">
    <div class="min-w-0">{props.text}</div>
    <div class="flex flex-wrap gap-2">{props.children}</div>
  </div>
)

export function accountSecurityPage(frame: PageFrame, props: AccountSecurityProps): JSX.Element {
  const { password, totp, passkeys, passkeysOffered, codesLeft, required } = props
  const hasFactor = totp || passkeys > 0
  const mayTurnOff = totp && (!required || passkeys > 0)
  const t = frame.t.security
  const here = `${frame.basePath}/account/security`
  const passwords = { set: t.passwordSet, elsewhere: t.passwordElsewhere, none: t.passwordNone }
  return (
    <AccountPage frame={frame} title={t.title} text={t.text}>
      <Section id="password" title={t.password}>
        <Row text={passwords[password]}>
          {password === 'set' && (
            <LinkButton look="plain" href={`${frame.basePath}/account/change-password`}>
              {t.change}
            </LinkButton>
          )}
        </Row>
      </Section>
      <Section id="second-factor" title={t.factor} text={t.factorText}>
        <Row
          text={
            <>
              <Badge whole tone={totp ? 'good' : 'neutral'}>
                {totp ? t.on : t.off}
              </Badge>
              {required && <p class="mt-2 text-muted">{t.required}</p>}
            </>
          }
        >
          {!totp && <LinkButton href={`${here}/totp`}>{t.setUp}</LinkButton>}
          {mayTurnOff && (
            <OpenButton look="plain" dialog="turn-off">
              {t.turnOff}
            </OpenButton>
          )}
        </Row>
      </Section>
      {(passkeysOffered || passkeys > 0) && (
        <Section id="passkeys" title={t.passkeys} text={t.passkeysText}>
          <Row
            text={
              <Badge whole tone={passkeys > 0 ? 'good' : 'neutral'}>
                {passkeys > 0 ? t.passkeysHave(passkeys) : t.passkeysNone}
              </Badge>
            }
          >
            <LinkButton look="plain" href={`${here}/passkeys`}>
              {passkeys > 0 ? t.managePasskeys : t.addPasskey}
            </LinkButton>
          </Row>
        </Section>
      )}
      {hasFactor && (
        <Section id="recovery-codes" title={t.codes} text={t.codesText}>
          <Row text={t.codesLeft(codesLeft)}>
            <OpenButton look="plain" dialog="new-codes">
              {t.newCodes}
            </OpenButton>
          </Row>
        </Section>
      )}
      {mayTurnOff ? (
        <Confirm
          t={frame.t}
          id="turn-off"
          title={t.turnOffQuestion}
          action={`${here}/totp/disable`}
          token={frame.csrfToken}
          confirmLabel={t.turnOff}
        >
          {passkeys > 0 ? t.turnOffTextOthers : t.turnOffText}
        </Confirm>
      ) : (
        nothing
      )}
      {hasFactor && (
        <Confirm
          t={frame.t}
          id="new-codes"
          title={t.newCodesQuestion}
          action={`${here}/recovery-codes`}
          token={frame.csrfToken}
          confirmLabel={t.newCodes}
        >
          {t.newCodesText}
        </Confirm>
      )}
    </AccountPage>
  )
}
