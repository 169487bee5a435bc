import { type Child, Html } from '../html'
import type { Messages } from '../messages'
import { Alert } from './alert'
import { RadioGroup, TickGroup } from './choice'
import { TextArea, TextField } from './field'

/** As typed. */
export interface ClientFormValues {
  readonly clientName: string
  readonly description: string
  readonly clientUri: string
  readonly clientType: string
  readonly enableDeviceFlow: boolean
  readonly enableAuthCodeFlow: boolean
  readonly enableClientCredentialsFlow: boolean
  readonly scopes: string
  readonly redirectUris: string
  readonly postLogoutRedirectUris: string
  readonly backchannelLogoutUri: string
  readonly project: string
  readonly serviceAccount: string
}

/** What is wrong, by the name of the field; the first one of a field is said. */
export type FieldErrors = readonly { readonly field: string; readonly text: string }[]

/** All that is wrong, with links to the fields. */
export const FormProblems = ({ t, problems }: { t: Messages; problems: FieldErrors }) => (
  <Alert tone="error">
    {t.clientForm.summary}
    <ul class="mt-1 list-disc pl-5 leading-relaxed">
      {problems.map(({ field, text }) => (
        <li>
          <a class="inline-block py-0.5 underline" href={`#${field}`}>
            {text}
          </a>
        </li>
      ))}
    </ul>
  </Alert>
)

/** The fields that owners and administrators have in common; `children` come before the last group. */
export function ClientFormFields(props: {
  t: Messages
  values: ClientFormValues
  problems: FieldErrors
  scopesHint: string
  children?: Child
}) {
  const { t: messages, values, problems, scopesHint } = props
  const t = messages.clientForm
  const error = (field: string) => {
    const found = problems.find((problem) => problem.field === field)
    return found ? { error: found.text } : {}
  }
  const focus = problems[0]?.field ?? 'client_name'
  const off = { autocomplete: 'off', optional: true } as const
  const more =
    ['post_logout_redirect_uris', 'backchannel_logout_uri', 'project', 'service_account'].includes(focus) ||
    values.postLogoutRedirectUris + values.backchannelLogoutUri + values.project + values.serviceAccount !== ''
  return (
    <>
      <Group title={t.basics} text={t.basicsText}>
        <TextField
          name="client_name"
          label={t.fields.client_name}
          value={values.clientName}
          autocomplete="off"
          autofocus={focus === 'client_name'}
          hint={t.hints.client_name}
          {...error('client_name')}
        />
        <TextArea
          {...off}
          name="description"
          label={t.optional(t.fields.description)}
          value={values.description}
          rows={3}
          hint={t.hints.description}
          {...error('description')}
        />
        <TextField
          {...off}
          name="client_uri"
          label={t.optional(t.fields.client_uri)}
          value={values.clientUri}
          hint={t.hints.client_uri}
          {...error('client_uri')}
        />
      </Group>
      <Group title={t.type}>
        <RadioGroup
          name="client_type"
          legend={t.fields.client_type}
          value={values.clientType === 'public' ? 'public' : 'confidential'}
          options={[
            { value: 'public', label: t.public, text: t.publicText },
            { value: 'confidential', label: t.confidential, text: t.confidentialText },
          ]}
        />
        <TickGroup
          id="grants"
          legend={t.grants}
          hint={t.grantsText}
          error={error('grants').error}
          options={[
            {
              name: 'enable_device_flow',
              label: t.fields.enable_device_flow,
              text: t.deviceText,
              on: values.enableDeviceFlow,
            },
            {
              name: 'enable_auth_code_flow',
              label: t.fields.enable_auth_code_flow,
              text: t.codeText,
              on: values.enableAuthCodeFlow,
            },
            {
              name: 'enable_client_credentials_flow',
              label: t.fields.enable_client_credentials_flow,
              text: t.credentialsText,
              on: values.enableClientCredentialsFlow,
            },
          ]}
        />
      </Group>
      <Group title={t.access}>
        <TextArea
          {...off}
          code
          name="redirect_uris"
          label={t.optional(t.fields.redirect_uris)}
          value={values.redirectUris}
          rows={3}
          hint={t.hints.redirect_uris}
          {...error('redirect_uris')}
        />
        <TextField
          {...off}
          name="scopes"
          label={t.fields.scopes}
          value={values.scopes}
          hint={scopesHint}
          {...error('scopes')}
        />
        {props.children}
      </Group>
      <details class="form-more" open={more}>
        <summary class="cursor-pointer text-sm font-medium">{t.more}</summary>
        <p class="mt-1 text-sm text-muted">{t.moreText}</p>
        <div class="mt-5 grid gap-6">
          <TextArea
            {...off}
            code
            name="post_logout_redirect_uris"
            label={t.fields.post_logout_redirect_uris}
            value={values.postLogoutRedirectUris}
            rows={2}
            hint={t.hints.post_logout_redirect_uris}
            {...error('post_logout_redirect_uris')}
          />
          <TextField
            {...off}
            name="backchannel_logout_uri"
            label={t.fields.backchannel_logout_uri}
            value={values.backchannelLogoutUri}
            hint={t.hints.backchannel_logout_uri}
            {...error('backchannel_logout_uri')}
          />
          <TextField
            {...off}
            name="project"
            label={t.fields.project}
            value={values.project}
            hint={t.hints.project}
            {...error('project')}
          />
          <TextField
            {...off}
            name="service_account"
            label={t.fields.service_account}
            value={values.serviceAccount}
            hint={t.hints.service_account}
            {...error('service_account')}
          />
        </div>
      </details>
    </>
  )
}

const Group = ({ title, text, children }: { title: string; text?: string; children?: Child }) => (
  <section class="grid gap-6 border-b border-base-300 pb-8">
    <div>
      <h2 class="font-semibold">{title}</h2>
      {text && <p class="mt-0.5 text-sm text-muted">{text}</p>}
    </div>
    {children}
  </section>
)
