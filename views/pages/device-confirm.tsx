import { Alert } from '../components/alert'
import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { ClientMark, type ClientView } from '../components/client-mark'
import { Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import { ScopeList } from '../components/scope-list'
import { Deadline, Time } from '../components/time'
import type { ScopeView } from '../describe'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface DeviceConfirmProps {
  readonly requestId: string
  readonly userCode: string
  readonly client: ClientView
  readonly scopes: readonly ScopeView[]
  readonly requestedAt: Date
  readonly expiresAt: Date
  readonly requestIp: string
  /** What the requesting program calls itself, see `deviceName`. */
  readonly requestDevice: string
  readonly username: string
  /** The request came from the network address of this browser. */
  readonly sameNetwork: boolean
}

export function deviceConfirmPage(frame: PageFrame, props: DeviceConfirmProps): JSX.Element {
  const { client, username } = props
  return (
    <FocusPage frame={frame} title={`Allow ${client.name}?`} bare>
      <Card>
        <div class="text-center">
          <h1 class="page-title wrap-anywhere">
            Allow <span class="wrap-anywhere">{client.name}</span> to use your account?
          </h1>
          <ClientMark client={client} />
        </div>

        <div class="compare-code">
          <p class="text-xs text-muted">Your device must show this code</p>
          <p class="compare-code-value">{props.userCode}</p>
        </div>

        <h2 class="text-sm font-semibold">It will be able to</h2>
        <ScopeList scopes={props.scopes} />

        <dl class="facts">
          <dt>Account</dt>
          <dd class="font-medium">{username}</dd>
          <dt>Requested</dt>
          <dd>
            <Time at={props.requestedAt} />, expires <Deadline at={props.expiresAt} />
          </dd>
          <dt>From</dt>
          <dd>
            {props.requestDevice}, {props.requestIp}
          </dd>
        </dl>

        <Alert tone={props.sameNetwork ? 'info' : 'warning'}>
          {!props.sameNetwork && 'This request came from another network than the one you are on. '}
          Deny if you did not start this yourself just now, or if somebody sent you the link or the code.
        </Alert>

        <Form action={`${frame.basePath}/device/decide`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <Hidden name="request_id" value={props.requestId} />
          <SubmitButton look="plain" name="action" value="deny">
            Deny
          </SubmitButton>
          <SubmitButton name="action" value="approve">
            Allow
          </SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
