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
  if (props.outcome === 'denied') return deniedPage(frame, clientName)
  const app = <strong class="strong">{clientName}</strong>
  const you = <strong class="strong">{username}</strong>
  return (
    <FocusPage
      frame={frame}
      title="Device allowed"
      footer={
        <a class="link" href={`${frame.basePath}/account/sessions`}>
          See what has access
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
            Allowed
          </h1>
          <h1 class="page-title" data-when="signed_in" hidden>
            Signed in
          </h1>
          <h1 class="page-title" data-when="denied" hidden>
            Denied
          </h1>
          <h1 class="page-title" data-when="expired" hidden>
            Nobody collected the sign-in
          </h1>
          <p class="mt-2 text-sm wrap-anywhere text-muted">
            You can close this window
            <span data-when="waiting">
              ; {app} will be signed in as {you} in a few seconds.
            </span>
            <span data-when="signed_in" hidden>
              ; {app} is signed in as {you}.
            </span>
            <span data-when="denied" hidden>
              ; {app} did not get access.
            </span>
            <span data-when="expired" hidden>
              ; {app} was not signed in. Start again on the device.
            </span>
          </p>
        </div>
        <p class="live-state" data-when="waiting">
          <span class="live-dot" aria-hidden="true" />
          <span>
            Waiting for the device. This sign-in expires <Deadline at={props.expiresAt} />.
          </span>
        </p>
      </Card>
    </FocusPage>
  )
}

const deniedPage = (frame: PageFrame, clientName: string) => (
  <FocusPage frame={frame} title="Device denied">
    <Card class="text-center">
      <div class="state-icon state-bad">
        <Icon name="x" class="size-6" />
      </div>
      <h1 class="page-title">Denied</h1>
      <p class="mt-2 text-sm wrap-anywhere text-muted">
        You can close this window; <strong class="strong">{clientName}</strong> did not get access to your account.
      </p>
    </Card>
  </FocusPage>
)
