/** The login form: shared by the ways to sign in that start there. */
import type { Messages } from '../../views/messages'
import { loginPage } from '../../views/pages/login'
import type { Settings } from '../config/settings'
import type { RequestContext } from '../context'
import { loginToken } from '../edge/csrf'
import { page, pageFrame } from '../edge/page'
import { formTargets } from '../oauth/authorize/form-targets'
import { relyingParty } from './passkeys/relying-party'

export const DEFAULT_TARGET = '/account/sessions'

const LONGEST_HINT = 255

/** Whom the application that asks for the login expects (OIDC Core §3.1.2.1 `login_hint`). */
export function hintedName(target: string | undefined): string {
  const hint = requestParameter(target, 'login_hint')
  return hint.length > LONGEST_HINT ? '' : hint
}

/** Of the authorization request that goes on after the login; empty where there is none. */
function requestParameter(target: string | undefined, name: string): string {
  if (!target?.startsWith('/oauth/authorize?')) return ''
  return new URLSearchParams(target.slice(target.indexOf('?'))).get(name) ?? ''
}

interface LoginFormState {
  readonly redirect: string
  readonly username?: string
  readonly remember?: boolean
  readonly notice?: ((t: Messages) => string) | undefined
  readonly error?: (t: Messages) => string
  readonly status?: number
  readonly headers?: Record<string, string>
}

/** The form as it was left, without the password. */
export async function loginForm(ctx: RequestContext, request: Request, state: LoginFormState): Promise<Response> {
  const { redirect, username = '', remember = false, notice, error, status = 200, headers = {} } = state
  const { token, cookie } = loginToken(ctx, request)
  const frame = pageFrame(ctx, undefined, {
    here: redirect === '' ? '/login' : `/login?${new URLSearchParams({ redirect })}`,
    uiLocales: requestParameter(redirect, 'ui_locales'),
  })
  const html = loginPage(frame, {
    redirect,
    username,
    loginToken: token,
    rememberChecked: remember,
    ...(ctx.settings.SESSION_REMEMBER_ME_ENABLED && { rememberDays: rememberDays(ctx.settings) }),
    ...(relyingParty(ctx.settings) && { passkeys: true }),
    providers: ctx.providers.all.map(({ name, label }) => ({
      label,
      href: `${ctx.settings.basePath}/auth/login/${name}?${new URLSearchParams({ redirect })}`,
    })),
    ...(notice !== undefined && { notice: notice(frame.t) }),
    ...(error !== undefined && { error: error(frame.t) }),
    ...(/^\/device(?=[/?#]|$)/.test(redirect) && { signingInFor: frame.t.login.yourDevice }),
  })
  const formAction = await formTargets(ctx, redirect)
  return page(html, { status, headers, cookies: cookie === undefined ? [] : [cookie], formAction })
}

const DAY_SECONDS = 86_400

const rememberDays = ({ SESSION_REMEMBER_ME_MAX_AGE }: Settings): number =>
  Math.max(1, Math.ceil(SESSION_REMEMBER_ME_MAX_AGE / DAY_SECONDS))
