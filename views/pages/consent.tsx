import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { ClientMark, type ClientView } from '../components/client-mark'
import { Form, Hidden } from '../components/field'
import { FocusPage } from '../components/page'
import { ScopeList } from '../components/scope-list'
import { Time } from '../components/time'
import type { ScopeView } from '../describe'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface ConsentProps {
  readonly requestId: string
  readonly client: ClientView
  /** What the client says about itself; may be empty. */
  readonly description: string
  readonly knownSince: Date
  readonly scopes: readonly ScopeView[]
  /** Host, or scheme of an application on this device, that the browser goes to next. */
  readonly target: string
  readonly targetKind: 'website' | 'this computer' | 'installed'
  readonly username: string
  /** Of this server, without the prefix of BASE_URL. */
  readonly otherAccountPath: string
}

const NEXT: Record<ConsentProps['targetKind'], string> = {
  website: 'On to',
  'this computer': 'Back to an application on this computer,',
  installed: 'Back to the application',
}

export function consentPage(frame: PageFrame, props: ConsentProps): JSX.Element {
  const { client, description, scopes, target, username } = props
  return (
    <FocusPage frame={frame} title={`Allow ${client.name}?`} bare>
      <Card>
        <div class="text-center">
          <h1 class="page-title wrap-anywhere">
            Allow <span class="wrap-anywhere">{client.name}</span> to use your account?
          </h1>
          <ClientMark client={client} />
          {description !== '' && <p class="mt-3 text-sm wrap-anywhere text-muted">{description}</p>}
        </div>

        {scopes.length > 0 && (
          <>
            <h2 class="mt-6 text-sm font-semibold">It will be able to</h2>
            <ScopeList scopes={scopes} />
          </>
        )}

        <dl class="facts">
          <dt>Account</dt>
          <dd>
            <span class="font-medium wrap-anywhere">{username}</span>{' '}
            <a class="link" href={frame.basePath + props.otherAccountPath}>
              Use another account
            </a>
          </dd>
          <dt>Next</dt>
          <dd>
            {NEXT[props.targetKind]} <strong class="font-bold wrap-anywhere text-base-content">{target}</strong>
          </dd>
          <dt>Known since</dt>
          <dd>
            <Time at={props.knownSince} />
          </dd>
        </dl>

        <Form action={`${frame.basePath}/oauth/authorize`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <Hidden name="request_id" value={props.requestId} />
          <SubmitButton look="plain" name="action" value="deny">
            Deny
          </SubmitButton>
          <SubmitButton name="action" value="approve">
            Allow
          </SubmitButton>
        </Form>
        <p class="mt-4 text-center text-xs text-muted">You can withdraw this at any time in your account.</p>
      </Card>
    </FocusPage>
  )
}
