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
  const { consent, device } = frame.t
  return (
    <FocusPage frame={frame} title={consent.title(client.name)} bare>
      <Card>
        <div class="text-center">
          <h1 class="page-title wrap-anywhere">{consent.question(<span class="wrap-anywhere">{client.name}</span>)}</h1>
          <ClientMark t={frame.t} client={client} />
        </div>

        <div class="compare-code">
          <p class="text-xs text-muted">{device.compare}</p>
          <p class="compare-code-value">{props.userCode}</p>
        </div>

        <h2 class="text-sm font-semibold">{consent.permissions}</h2>
        <ScopeList t={frame.t} scopes={props.scopes} />

        <dl class="facts">
          <dt>{consent.account}</dt>
          <dd class="font-medium">{username}</dd>
          <dt>{device.requested}</dt>
          <dd>
            {device.requestedAndExpires(<Time at={props.requestedAt} />, <Deadline t={frame.t} at={props.expiresAt} />)}
          </dd>
          <dt>{device.from}</dt>
          <dd>{device.deviceAtAddress(props.requestDevice, props.requestIp)}</dd>
        </dl>

        <Alert tone={props.sameNetwork ? 'info' : 'warning'}>
          {!props.sameNetwork && device.otherNetwork}
          {device.whenToDeny}
        </Alert>

        <Form action={`${frame.basePath}/device/decide`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <Hidden name="request_id" value={props.requestId} />
          <SubmitButton look="plain" name="action" value="deny">
            {consent.deny}
          </SubmitButton>
          <SubmitButton name="action" value="approve">
            {consent.allow}
          </SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
