/** Where a person is signed in, and what may act for them. */
export const sessions = {
  title: 'Active sessions',
  text: 'Where you are signed in, and what may act for you.',
  browserSessions: 'Browser sessions',
  browserSessionsText: 'Browsers in which you are signed in to this server.',
  endOthers: 'Sign out everywhere else',
  applications: 'Applications with access',
  applicationsText: 'Applications and devices that you allowed to act for you.',
  emptyTitle: 'No application has access',
  emptyText: 'When you allow a device or an application, it is listed here and you can take the access back.',
  connectDevice: 'Connect a device',
  columns: {
    device: 'Device',
    address: 'Address',
    signedIn: 'Signed in',
    lastSeen: 'Last seen',
    expires: 'Expires',
    actions: 'Actions',
    application: 'Application',
    allowed: 'Allowed',
    lastUsed: 'Last used',
  },
  thisBrowser: 'This browser',
  remembered: 'Remembered',
  active: 'Active',
  expired: 'Expired',
  revoked: 'Revoked',
  noPermissions: 'No permissions',
  notYet: 'Not yet',
  signOut: 'Sign out',
  signOutDevice: (device: string) => `Sign out ${device}`,
  signOutDeviceQuestion: (device: string) => `Sign out ${device}?`,
  signOutDeviceText: (address: string) => `The browser at ${address} is signed out at once.`,
  revoke: 'Revoke',
  revokeAccess: 'Revoke access',
  revokeAccessOf: (application: string) => `Revoke access of ${application}`,
  revokeAccessQuestion: (application: string) => `Revoke access of ${application}?`,
  revokeAccessText: (device: string, address: string) =>
    `${device} at ${address} is signed out: its tokens stop working at once. To use it again you have to allow it again.`,
  endOthersQuestion: 'Sign out everywhere else?',
  endOthersText: (others: number) =>
    `${others === 1 ? '1 other browser is' : `${others} other browsers are`} signed out at once. This browser stays signed in.`,
  othersEnded: (others: number) =>
    others === 1 ? '1 other browser was signed out.' : `${others} other browsers were signed out.`,
  browserEnded: 'The browser was signed out.',
  accessRevoked: (application: string, tokens: number) =>
    `Access of ${application} was revoked: ${tokens === 1 ? '1 token' : `${tokens} tokens`} stopped working.`,
}

export type Sessions = typeof sessions
