/** Where a browser goes once somebody has signed in there, and what it keeps. */
import type { Settings } from '../config/settings'
import type { RequestContext } from '../context'
import { secondStepPathTo } from '../edge/browser-session'
import { clearCookie, deviceCookieName, loginCookieName, sessionCookieName, setCookie } from '../edge/cookies'
import { redirectTo } from '../edge/page'
import { KNOWN_DEVICE_MAX_AGE } from './known-device'
import type { LoginOutcome } from './login-outcome'
import { isHalfway } from './second-factor/required'
import { type BrowserSession, mustReplacePassword } from './sessions'

type SignedIn = Pick<LoginOutcome & { kind: 'signed_in' }, 'started' | 'knownDevice'>

export const signedInAnswer = (ctx: RequestContext, signedIn: SignedIn, target: string): Response =>
  redirectTo(ctx, nextPage(signedIn.started.session, target), { cookies: signedInCookies(ctx.settings, signedIn) })

/** The second factor, if the account has one; then a password that somebody else chose is replaced. */
const nextPage = (session: BrowserSession, target: string): string =>
  isHalfway(session) ? secondStepPathTo(target) : afterSecondStep(session, target)

const afterSecondStep = (session: BrowserSession, target: string): string =>
  mustReplacePassword(session) ? `/account/change-password?redirect=${encodeURIComponent(target)}` : target

/** The new session takes the place of the old one; the form's own token has done its work. */
function signedInCookies(settings: Settings, { started, knownDevice }: SignedIn): string[] {
  const { cookieValue, maxAgeSeconds } = started
  const cookies = [
    setCookie(settings, sessionCookieName(settings), cookieValue, { maxAgeSeconds }),
    clearCookie(settings, loginCookieName(settings)),
  ]
  // Only who got in all the way: with a device of its own for each login, guesses at the second factor would be free.
  if (knownDevice !== undefined && !isHalfway(started.session)) {
    const lasting = { maxAgeSeconds: KNOWN_DEVICE_MAX_AGE }
    cookies.push(setCookie(settings, deviceCookieName(settings), knownDevice, lasting))
  }
  return cookies
}
