/** Signing out, also when an application asks for it. */
import type { Child } from '../../html'

export const logout = {
  title: 'Sign out',
  question: 'Sign out?',
  signedInAs: (name: Child): Child => ['You are signed in as ', name, '.'],
  othersStay: 'Applications and devices that you allowed stay signed in.',
  stay: 'Stay signed in',
  submit: 'Sign out',
  asks: (application: Child): Child => [application, ' asks to sign you out.'],
  anApplication: 'An application',
  signedOut: 'Signed out',
  closeWindow: 'You can close this window.',
  signInAgain: 'Sign in again',
  notSentBack: (problem: string) => `${problem} You will not be sent back to it.`,
  problems: {
    unproven: 'The application did not prove that it signed you in here.',
    named_another: 'The application named another one.',
    unnamed: 'The application did not say who it is.',
    unknown: 'The application is not known here.',
    unregistered: 'The address it wanted to send you to is not registered.',
  },
}

export type Logout = typeof logout
