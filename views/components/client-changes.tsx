import { Html } from '../html'
import type { Messages } from '../messages'

type FieldName = keyof Messages['clientForm']['fields']

/** One changed field; values are lines. */
export interface ClientChangeView {
  readonly field: FieldName
  readonly from: readonly string[]
  readonly to: readonly string[]
}

const SHOWN: Readonly<Record<string, FieldName>> = {
  clientName: 'client_name',
  description: 'description',
  clientUri: 'client_uri',
  clientType: 'client_type',
  enableDeviceFlow: 'enable_device_flow',
  enableAuthCodeFlow: 'enable_auth_code_flow',
  enableClientCredentialsFlow: 'enable_client_credentials_flow',
  scopes: 'scopes',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  backchannelLogoutUri: 'backchannel_logout_uri',
  project: 'project',
  serviceAccount: 'service_account',
  tokenProfile: 'token_profile',
  allowIntrospection: 'allow_introspection',
}

type Values = Readonly<Record<string, unknown>>

/** What differs between a client and a proposal for it, by the names of the record's fields. */
export const clientChanges = ({ clientForm: t }: Messages, live: Values, proposed: Values): ClientChangeView[] =>
  Object.entries(SHOWN).flatMap(([name, field]) => {
    if (!Object.hasOwn(proposed, name)) return []
    const [before, after] = [lines(t, name, live[name]), lines(t, name, proposed[name])]
    const from = before.filter((line) => !after.includes(line))
    const to = after.filter((line) => !before.includes(line))
    return from.length + to.length === 0 ? [] : [{ field, from, to }]
  })

function lines(t: Messages['clientForm'], name: string, value: unknown): string[] {
  if (typeof value === 'boolean') return [value ? t.on : t.off]
  if (Array.isArray(value)) return value.map(String)
  const text = String(value ?? '')
  if (text === '') return []
  if (name === 'clientType') return [text === 'public' ? t.public : t.confidential]
  return name === 'scopes' ? text.split(' ') : [text]
}

/** Old and new values, told apart by sign and word, not by colour alone. */
export const ClientChanges = ({ t, changes }: { t: Messages; changes: readonly ClientChangeView[] }) => (
  <dl class="change-list">
    {changes.map(({ field, from, to }) => (
      <div>
        <dt class="font-medium">{t.clientForm.fields[field]}</dt>
        <dd>
          <ul>
            {from.map((line) => (
              <li class="change-from">
                <span aria-hidden="true">−</span>
                <span class="sr-only">{t.clientForm.removed}</span>
                <del class="min-w-0 no-underline">{line}</del>
              </li>
            ))}
            {to.map((line) => (
              <li class="change-to">
                <span aria-hidden="true">+</span>
                <span class="sr-only">{t.clientForm.added}</span>
                <ins class="min-w-0 no-underline">{line}</ins>
              </li>
            ))}
          </ul>
        </dd>
      </div>
    ))}
  </dl>
)
