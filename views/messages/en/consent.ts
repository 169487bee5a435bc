/** The decision about an application, on the consent page and the page of a device. */
import type { Child } from '../../html'

export const consent = {
  title: (application: string) => `Allow ${application}?`,
  question: (application: Child): Child => ['Allow ', application, ' to use your account?'],
  permissions: 'It will be able to',
  account: 'Account',
  otherAccount: 'Use another account',
  next: 'Next',
  nextPlace: {
    website: (host: Child): Child => ['On to ', host],
    'this computer': (host: Child): Child => ['Back to an application on this computer, ', host],
    installed: (scheme: Child): Child => ['Back to the application ', scheme],
  },
  knownSince: 'Known since',
  allow: 'Allow',
  deny: 'Deny',
  withdraw: 'You can withdraw this at any time in your account.',
  formPost: {
    title: 'Continue',
    heading: 'One more step',
    continueTo: (host: Child): Child => ['Continue to ', host],
    submit: 'Continue',
  },
}

export type Consent = typeof consent
