/** Names of what arrives as an identifier: applications, permissions, devices. */
export const things = {
  client: {
    organisation: 'Provided by your organisation',
    own: 'Registered by you',
    registeredBy: (owner: string) => `Registered by ${owner}`,
    registeredByUser: 'Registered by a user',
    selfRegistered: 'Not verified by anybody',
  },
  scopes: {
    openid: 'Know who you are on this server',
    profile: 'See your name and username',
    email: 'See your email address',
    groups: 'See the groups you belong to',
    read: 'Read data on your behalf',
    write: 'Change data on your behalf',
    offline_access: 'Stay signed in when you are away, until you revoke it',
  },
  readScope: (what: string, name: string) => `Read ${what} (${name})`,
  changeScope: (what: string, name: string) => `Change ${what} (${name})`,
  otherScope: (name: string) => `Use the permission "${name}"`,
  scopeGroups: {
    identity: 'Your identity',
    reading: 'Reading',
    changing: 'Changing',
    staying: 'Staying signed in',
    other: 'Other permissions',
  },
  programOn: (program: string, system: string) => `${program} on ${system}`,
  unknownDevice: 'Unknown device',
}

export type Things = typeof things
