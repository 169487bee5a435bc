import { Alert } from '../components/alert'
import { LinkButton, SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Checkbox, Form, Hidden, PasswordField, TextField } from '../components/field'
import { FocusPage } from '../components/page'
import { PasskeyForm } from '../components/passkey-form'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface LoginProps {
  /** Where to go afterwards; checked by the caller. */
  readonly redirect: string
  /** What was typed last time. */
  readonly username: string
  readonly loginToken: string
  /** Offers to stay signed in this long. */
  readonly rememberDays?: number
  readonly rememberChecked: boolean
  readonly error?: string
  readonly notice?: string
  /** Name of the application that asks to sign in. */
  readonly signingInFor?: string
  /** Offers to sign in with a passkey, where the browser can. */
  readonly passkeys?: boolean
  /** Other ways to sign in; links without the choice to stay signed in. */
  readonly providers?: readonly { readonly label: string; readonly href: string }[]
}

export function loginPage(frame: PageFrame, props: LoginProps): JSX.Element {
  const { error, notice, rememberDays, signingInFor, username, providers = [] } = props
  const t = frame.t.login
  const errorId = error ? 'login-error' : undefined
  return (
    <FocusPage frame={frame} title={t.title}>
      <Card>
        <div class="mb-6 text-center">
          <h1 class="page-title">{t.title}</h1>
          <p class="mt-1 text-sm wrap-anywhere text-muted">
            {signingInFor
              ? t.toContinueWith(<strong class="strong">{signingInFor}</strong>)
              : t.withAccount(frame.productName)}
          </p>
        </div>
        {providers.length > 0 && <OtherWays frame={frame} providers={providers} />}
        <Form action={`${frame.basePath}/login`} token={props.loginToken} class="grid gap-4">
          <Hidden name="redirect" value={props.redirect} />
          {notice && <Alert tone="info">{notice}</Alert>}
          {error && (
            <Alert tone="error" id="login-error">
              {error}
            </Alert>
          )}
          <TextField
            name="username"
            label={t.username}
            autocomplete="username"
            value={username}
            autofocus={username === '' && providers.length === 0}
            errorId={errorId}
          />
          <PasswordField
            t={frame.t}
            name="password"
            label={t.password}
            autocomplete="current-password"
            autofocus={username !== ''}
            errorId={errorId}
          />
          {rememberDays !== undefined && (
            <Checkbox
              name="remember_me"
              value="1"
              label={t.rememberDays(rememberDays)}
              checked={props.rememberChecked}
            />
          )}
          <SubmitButton wide>{t.submit}</SubmitButton>
        </Form>
        {props.passkeys && (
          <PasskeyForm
            action={`${frame.basePath}/login/passkey`}
            options={`${frame.basePath}/login/passkey/options`}
            token={props.loginToken}
            label={t.withPasskey}
            fields={
              <>
                <Hidden name="redirect" value={props.redirect} />
                {rememberDays !== undefined && (
                  <input type="hidden" name="remember_me" value="" data-follows="remember_me" />
                )}
              </>
            }
            separator={frame.t.providers.or}
          />
        )}
      </Card>
    </FocusPage>
  )
}

const OtherWays = ({ frame, providers }: { frame: PageFrame; providers: NonNullable<LoginProps['providers']> }) => (
  <>
    <ul class="grid gap-2">
      {providers.map(({ label, href }) => (
        <li>
          <LinkButton look="plain" wide remember href={href}>
            {frame.t.providers.signInWith(label)}
          </LinkButton>
        </li>
      ))}
    </ul>
    <p class="my-5 flex items-center gap-3 text-xs text-muted before:h-px before:grow before:bg-base-300 after:h-px after:grow after:bg-base-300">
      {frame.t.providers.or}
    </p>
  </>
)
