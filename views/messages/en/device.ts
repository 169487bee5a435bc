/** Connecting a device: the code, the decision, the end. */
import type { Child } from '../../html'

export const device = {
  entryTitle: 'Connect a device',
  entryText: 'Enter the code that your device or terminal shows.',
  code: 'Code',
  continue: 'Continue',
  problems: {
    empty: 'Please enter a user code',
    not_found: 'User code not found, expired or already used. Check it, or start again on the device.',
    client_inactive: 'This application is not active',
    scope_withdrawn: 'This application may no longer ask for this access',
  },
  tooMany: 'Too many requests. Please try again later.',
  compare: 'Your device must show this code',
  requested: 'Requested',
  requestedAndExpires: (requested: Child, expires: Child): Child => [requested, ', expires ', expires],
  from: 'From',
  deviceAtAddress: (device: string, address: string) => `${device}, ${address}`,
  otherNetwork: 'This request came from another network than the one you are on. ',
  whenToDeny: 'Deny if you did not start this yourself just now, or if somebody sent you the link or the code.',
  allowedTitle: 'Device allowed',
  deniedTitle: 'Device denied',
  seeAccess: 'See what has access',
  states: {
    waiting: 'Allowed',
    signed_in: 'Signed in',
    denied: 'Denied',
    expired: 'Nobody collected the sign-in',
  },
  closeWindow: 'You can close this window',
  /** Each goes on after `closeWindow`. */
  outcomes: {
    waiting: (application: Child, you: Child): Child => [
      '; ',
      application,
      ' will be signed in as ',
      you,
      ' in a few seconds.',
    ],
    signed_in: (application: Child, you: Child): Child => ['; ', application, ' is signed in as ', you, '.'],
    denied: (application: Child): Child => ['; ', application, ' did not get access.'],
    expired: (application: Child): Child => ['; ', application, ' was not signed in. Start again on the device.'],
    denied_by_you: (application: Child): Child => ['; ', application, ' did not get access to your account.'],
  },
  waitingUntil: (deadline: Child): Child => ['Waiting for the device. This sign-in expires ', deadline, '.'],
}

export type Device = typeof device
