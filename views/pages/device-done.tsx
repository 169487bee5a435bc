import { Card } from '../components/card'
import { Icon } from '../components/icon'
import { FocusPage } from '../components/page'
import { Deadline } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface DeviceDoneProps {
  readonly clientName: string
  readonly username: string
  readonly outcome: 'allowed' | 'denied'
  /** Answers `{"state": "waiting" | "signed_in" | "denied" | "expired"}`. */
  readonly statusUrl: string
  readonly expiresAt: Date
}

/** The script asks for the state and shows the parts that belong to it; without it the first state stays true. */
export function deviceDonePage(frame: PageFrame, props: DeviceDoneProps): JSX.Element {
  const { clientName, username } = props
  const t = frame.t.device
  if (props.outcome === 'denied') return deniedPage(frame, clientName)
  const app = <strong class="strong">{clientName}</strong>
  const you = <strong class="strong">{username}</strong>
  return (
    <FocusPage
      frame={frame}
      title={t.allowedTitle}
      footer={
        <a class="link" href={`${frame.basePath}/account/sessions`}>
          {t.seeAccess}
        </a>
      }
    >
      <Card class="text-center">
        <div data-device-status={props.statusUrl} data-expires={props.expiresAt.toISOString()} role="status">
          <div class="state-icon state-good" data-when="waiting signed_in">
            <Icon name="check" class="size-6" />
          </div>
          <div class="state-icon state-bad" data-when="denied expired" hidden>
            <Icon name="x" class="size-6" />
          </div>
          <h1 class="page-title" data-when="waiting">
            {t.states.waiting}
          </h1>
          <h1 class="page-title" data-when="signed_in" hidden>
            {t.states.signed_in}
          </h1>
          <h1 class="page-title" data-when="denied" hidden>
            {t.states.denied}
          </h1>
          <h1 class="page-title" data-when="expired" hidden>
            {t.states.expired}
          </h1>
          <p class="mt-2 text-sm wrap-anywhere text-muted">
            {t.closeWindow}
            <span data-when="waiting">{t.outcomes.waiting(app, you)}</span>
            <span data-when="signed_in" hidden>
              {t.outcomes.signed_in(app, you)}
            </span>
            <span data-when="denied" hidden>
              {t.outcomes.denied(app)}
            </span>
            <span data-when="expired" hidden>
              {t.outcomes.expired(app)}
            </span>
          </p>
        </div>
        <p class="live-state" data-when="waiting">
          <span class="live-dot" aria-hidden="true" />
          <span>{t.waitingUntil(<Deadline t={frame.t} at={props.expiresAt} />)}</span>
        </p>
      </Card>
    </FocusPage>
  )
}

const deniedPage = (frame: PageFrame, clientName: string) => (
  <FocusPage frame={frame} title={frame.t.device.deniedTitle}>
    <Card class="text-center">
      <div class="state-icon state-bad">
        <Icon name="x" class="size-6" />
      </div>
      <h1 class="page-title">{frame.t.device.states.denied}</h1>
      <p class="mt-2 text-sm wrap-anywhere text-muted">
        {frame.t.device.closeWindow}
        {frame.t.device.outcomes.denied_by_you(<strong class="strong">{clientName}</strong>)}
      </p>
    </Card>
  </FocusPage>
)
