/** What stands around every page, and in parts that many pages share. */
import type { Child } from '../../html'

export const layout = {
  skip: 'Skip to main content',
  mainNavigation: 'Main',
  version: (version: string) => `Version ${version}`,
  switchTheme: 'Switch theme',
  signedInAs: (name: string) => `Signed in as ${name}`,
  signedInAsPerson: (name: Child): Child => ['Signed in as ', name, '.'],
  accountMenuOf: 'Account menu of ',
  /** In its own language, for those who cannot read the present one. */
  languageNames: { en: 'English', 'zh-TW': '繁體中文' },
  adminNavigation: 'Administration',
  breadcrumbs: 'You are here',
  waitingReviews: (count: number) => (count === 1 ? '1 waits for a decision' : `${count} wait for a decision`),
  nav: {
    admin: 'Administration',
    dashboard: 'Dashboard',
    users: 'Users',
    clients: 'Applications',
    tokens: 'Tokens',
    keys: 'Keys',
    audit: 'Audit',
    account: 'Account',
    apps: 'My Apps',
    docs: 'Docs',
    api: 'API',
    device: 'Connect a device',
    changePassword: 'Change password',
    signOut: 'Sign out',
  },
  cancel: 'Cancel',
  copy: (what: string) => `Copy ${what}`,
  showPassword: 'Show password',
  capsLock: 'Caps Lock is on.',
  notYou: 'Not you?',
  /** A deadline where no script counts down. */
  deadline: (time: string) => `at ${time}`,
}

export type Layout = typeof layout
