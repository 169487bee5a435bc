/** Signing in through other systems, and the accounts there that are connected. */
const TRY_AGAIN = 'Go back to the sign-in page and try again.'
const CONNECT_YOURSELF =
  'Sign in the way you did before, then connect it under Connected accounts. If you cannot, ask your administrator.'

export const providers = {
  signInWith: (provider: string) => `Sign in with ${provider}`,
  or: 'or',
  cancelled: 'Sign-in was cancelled.',

  errors: {
    unsupported: {
      title: 'Not available',
      explanation: 'Unsupported OAuth provider. The requested OAuth provider is not configured.',
      hint: TRY_AGAIN,
    },
    unknown: { title: 'Not available', explanation: 'Invalid provider. OAuth provider not found.', hint: TRY_AGAIN },
    stateTooLong: {
      title: 'Sign-in refused',
      explanation: 'Invalid state parameter. State parameter exceeds maximum length.',
      hint: TRY_AGAIN,
    },
    noAttempt: {
      title: 'Sign-in expired',
      explanation: 'Invalid session. OAuth session expired or invalid. Please try again.',
      hint: TRY_AGAIN,
    },
    wrongState: {
      title: 'Sign-in refused',
      explanation: 'Invalid state. CSRF validation failed. Please try again.',
      hint: TRY_AGAIN,
    },
    unreachable: (provider: string) => ({
      title: `${provider} does not answer`,
      explanation: `OAuth error. ${provider} cannot be reached at the moment.`,
      hint: 'Try again in a little while, or sign in another way.',
    }),
    refusedThere: (provider: string) => ({
      title: 'Sign-in failed',
      explanation: `OAuth error. ${provider} did not sign you in.`,
      hint: 'Try again, or sign in another way. If it happens again, tell whoever runs this server.',
    }),
    exchange: {
      title: 'Sign-in failed',
      explanation: 'OAuth error. Failed to exchange authorization code.',
      hint: TRY_AGAIN,
    },
    profile: {
      title: 'Sign-in failed',
      explanation: 'OAuth error. Failed to retrieve user information from provider.',
      hint: 'Check that your account there has a verified e-mail address, and try again.',
    },
    notFresh: (provider: string) => ({
      title: 'Not confirmed',
      explanation: `${provider} did not ask you to prove again who you are.`,
      hint: `Sign out at ${provider}, then try again.`,
    }),
    registrationDisabled: {
      title: 'No account here',
      explanation:
        'Registration Disabled. New account registration via OAuth is currently disabled. Please contact your administrator.',
    },
    emailUnverified: (provider: string) => ({
      title: 'Address not verified',
      explanation: `This ${provider} account cannot be used to sign in: ${provider} has not verified its e-mail address.`,
      hint: 'Verify the address there and try again, or sign in another way and connect the account.',
    }),
    accountDisabled: {
      title: 'Account disabled',
      explanation:
        'Account Disabled. Your account has been disabled by an administrator. Please contact your administrator for assistance.',
    },
    duplicateEmail: {
      title: 'Several accounts',
      explanation:
        'Duplicate Account Detected. Multiple local accounts share this email address. Please contact your administrator to merge or remove the duplicates before signing in via OAuth.',
    },
    notLinkable: (provider: string) => ({
      title: 'Not connected',
      explanation: `This ${provider} account cannot be linked automatically to the account with its e-mail address.`,
      hint: CONNECT_YOURSELF,
    }),
    ofAnotherUser: (provider: string) => ({
      title: 'Not connected',
      explanation: `This ${provider} account is connected to another account on this server.`,
      hint: 'Disconnect it there first, or choose another account.',
    }),
    anotherAccount: (provider: string) => ({
      title: 'Not connected',
      explanation: `Another ${provider} account is connected to your account.`,
      hint: 'Disconnect it first, then connect this one.',
    }),
    managedElsewhere: {
      title: 'Not connected',
      explanation: 'Your directory decides who may sign in to this account. Other accounts cannot be connected to it.',
    },
    userNotFound: { title: 'Not found', explanation: 'User not found' },
    connectionNotFound: { title: 'Not found', explanation: 'OAuth connection not found' },
    lastMethod: {
      title: 'Your only way to sign in',
      explanation: 'This connection cannot be removed: you could not sign in any more.',
      hint: 'Connect another account first, or ask your administrator for a password.',
    },
    lastMethodOfUser: {
      title: 'The only way to sign in',
      explanation: 'This connection was not removed: the user could not sign in any more.',
      hint: 'Go back and confirm that you want this, or give the user a password first.',
    },
  },

  continueTo: (provider: string) => ({
    title: `Continue to ${provider}`,
    text: `You will be asked to sign in at ${provider}, and come back afterwards.`,
    button: `Continue to ${provider}`,
  }),

  account: {
    title: 'Connected accounts',
    text: 'Accounts on other systems that you can sign in with.',
    connected: 'Connected',
    available: 'Not connected',
    availableText: 'Connect an account to sign in with it. You will be asked to sign in there.',
    none: 'No connected accounts',
    noneText: 'When you connect an account on another system, you can sign in with it.',
    nothingOffered: 'Signing in through other systems is not set up on this server.',
    managedElsewhere: 'Your directory decides who may sign in to this account, so nothing else can be connected to it.',
    connect: 'Connect',
    connectTo: (provider: string) => `Connect ${provider}`,
    disconnect: 'Disconnect',
    disconnectFrom: (provider: string) => `Disconnect ${provider}`,
    confirmTitle: (provider: string) => `Disconnect ${provider}?`,
    confirmText: (provider: string) =>
      `You cannot sign in with this ${provider} account any more, until you connect it again. Other browsers that were signed in with it are signed out.`,
    onlyWay: 'Your only way to sign in',
    unavailable: 'Not offered any more',
    nowConnected: (provider: string) => `Your ${provider} account is connected.`,
    wasConnected: (provider: string) => `Your ${provider} account was connected already.`,
    nowDisconnected: (provider: string, sessions: number) =>
      `Your ${provider} account is disconnected.${sessions === 0 ? '' : ` ${sessions === 1 ? '1 browser was' : `${sessions} browsers were`} signed out.`}`,
  },

  admin: {
    title: 'OAuth Connections',
    of: (username: string) => `Accounts on other systems that ${username} can sign in with.`,
    count: (number: number) => `${number} linked ${number === 1 ? 'provider' : 'providers'}`,
    none: 'No OAuth Connections',
    noneText: 'This user has not signed in through another system, or disconnected it.',
    unlink: 'Unlink',
    unlinkOf: (provider: string, name: string) => `Unlink ${provider} account ${name}`,
    confirmTitle: (provider: string) => `Unlink ${provider}?`,
    confirmText:
      'The user cannot sign in with this account any more, and browsers that were signed in with it are signed out. It is not linked again by itself.',
    confirmLast: 'It is the only way this user can sign in: unlink it and nobody can sign in to this account.',
    removed: (sessions: number) =>
      `OAuth connection removed successfully.${sessions === 0 ? '' : ` ${sessions === 1 ? '1 browser was' : `${sessions} browsers were`} signed out.`}`,
  },

  columns: {
    caption: 'Connected accounts',
    provider: 'Provider',
    username: 'Username',
    email: 'Email',
    lastUsed: 'Last Used',
    connectedAt: 'Connected',
    actions: 'Actions',
    never: 'Never',
  },
}

export type Providers = typeof providers
