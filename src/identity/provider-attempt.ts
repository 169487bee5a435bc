/** The way to a provider, and what a person is told when it goes wrong there. */
import type { Messages } from '../../views/messages'
import type { RequestContext } from '../context'
import { attemptCookieName, readCookie, setCookie } from '../edge/cookies'
import { type ErrorText, PageError } from '../edge/page-error'
import type { Refusal } from './linking/resolve'
import { ATTEMPT_LIFE, type AttemptPurpose, beginAttempt } from './providers/attempts'
import { NOT_FRESH } from './providers/fresh-login'
import { type Provider, ProviderFailure } from './providers/provider'

export interface Departure {
  /** Address at the provider. */
  readonly url: URL
  /** `Set-Cookie` value; the browser has to bring it back. */
  readonly cookie: string
}

/** Throws the 502 page when the provider does not say where to go. */
export async function depart(
  ctx: RequestContext,
  request: Request,
  provider: Provider,
  purpose: AttemptPurpose,
): Promise<Departure> {
  const { settings } = ctx
  const name = attemptCookieName(settings)
  try {
    const { url, cookieValue } = await beginAttempt(ctx, provider, purpose, readCookie(request, name))
    return { url, cookie: setCookie(settings, name, cookieValue, { maxAgeSeconds: ATTEMPT_LIFE }) }
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error
    logProviderFailure(ctx, provider, error.message)
    throw new PageError(502, (t) => t.providers.errors.unreachable(provider.label))
  }
}

export function logProviderFailure(ctx: RequestContext, provider: Provider, reason: string): void {
  ctx.log.warn({ provider: provider.name, reason, request_id: ctx.request.id }, 'sign-in through a provider failed')
}

/** Redeeming the code or asking who signed in failed. */
export function providerFailurePage(provider: Provider, { step, reason }: ProviderFailure): PageError {
  if (reason === NOT_FRESH) return new PageError(403, (t) => t.providers.errors.notFresh(provider.label))
  return new PageError(502, (t) => t.providers.errors[step === 'exchange' ? 'exchange' : 'profile'])
}

/** The provider knows the person, and they have no account here to enter. */
export function refusalPage(ctx: RequestContext, provider: Provider, reason: Refusal): PageError {
  const { label } = provider
  const say = (status: number, text: (errors: Messages['providers']['errors']) => ErrorText) =>
    new PageError(status, (t) => text(t.providers.errors))
  switch (reason) {
    case 'account_disabled':
      return say(403, (errors) => errors.accountDisabled)
    case 'duplicate_email':
      return say(409, (errors) => errors.duplicateEmail)
    case 'not_linkable':
      return say(409, (errors) => errors.notLinkable(label))
    case 'registration_disabled':
      return say(403, (errors) => errors.registrationDisabled)
    case 'email_unverified':
      // Where nobody can register, one text for both: it must not tell whether somebody has the address.
      return say(403, (errors) =>
        ctx.settings.OAUTH_AUTO_REGISTER ? errors.emailUnverified(label) : errors.registrationDisabled,
      )
  }
}
