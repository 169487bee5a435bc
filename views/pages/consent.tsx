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

export function consentPage(frame: PageFrame, props: ConsentProps): JSX.Element {
  const { client, description, scopes, target, username } = props
  const t = frame.t.consent
  return (
    <FocusPage frame={frame} title={t.title(client.name)} bare>
      <Card>
        <div class="text-center">
          <h1 class="page-title wrap-anywhere">{t.question(<span class="wrap-anywhere">{client.name}</span>)}</h1>
          <ClientMark t={frame.t} client={client} />
          {description !== '' && <p class="mt-3 text-sm wrap-anywhere text-muted">{description}</p>}
        </div>

        {scopes.length > 0 && (
          <>
            <h2 class="mt-6 text-sm font-semibold">{t.permissions}</h2>
            <ScopeList t={frame.t} scopes={scopes} />
          </>
        )}

        <dl class="facts">
          <dt>{t.account}</dt>
          <dd>
            <span class="font-medium wrap-anywhere">{username}</span>{' '}
            <a class="link" href={frame.basePath + props.otherAccountPath}>
              {t.otherAccount}
            </a>
          </dd>
          <dt>{t.next}</dt>
          <dd>
            {t.nextPlace[props.targetKind](<strong class="font-bold wrap-anywhere text-base-content">{target}</strong>)}
          </dd>
          <dt>{t.knownSince}</dt>
          <dd>
            <Time at={props.knownSince} />
          </dd>
        </dl>

        <Form action={`${frame.basePath}/oauth/authorize`} token={frame.csrfToken} class="mt-6 grid grid-cols-2 gap-3">
          <Hidden name="request_id" value={props.requestId} />
          <SubmitButton look="plain" name="action" value="deny">
            {t.deny}
          </SubmitButton>
          <SubmitButton name="action" value="approve">
            {t.allow}
          </SubmitButton>
        </Form>
        <p class="mt-4 text-center text-xs text-muted">{t.withdraw}</p>
      </Card>
    </FocusPage>
  )
}
