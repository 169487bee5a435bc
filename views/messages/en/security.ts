/** The second factor: at login, in the account, and for administrators. */
export const security = {
  title: 'Security',
  text: 'What protects the sign-in to your account.',
  password: 'Password',
  passwordSet: 'Set',
  passwordElsewhere: 'Checked by another system',
  passwordNone: 'None: you sign in through another system',
  change: 'Change password',
  factor: 'Authenticator app',
  factorText: 'A code from an app on your phone, asked for after the password.',
  on: 'On',
  off: 'Off',
  setUp: 'Set up',
  turnOff: 'Turn off',
  turnOffQuestion: 'Turn off the authenticator app?',
  turnOffText: 'Your password alone will be enough to sign in. Your recovery codes end too.',
  required: 'This server asks you to have a second factor.',
  codes: 'Recovery codes',
  codesText: 'Each works once instead of a code from the app, for when your phone is lost.',
  codesLeft: (count: number) => (count === 1 ? '1 is left' : `${count} are left`),
  newCodes: 'New recovery codes',
  newCodesQuestion: 'Make new recovery codes?',
  newCodesText: 'The present ones stop working.',
  enrolTitle: 'Set up an authenticator app',
  enrolRequired: 'This server asks you to have a second factor before you go on.',
  enrolIntro:
    'You need an app for one-time codes on your phone. Afterwards the server asks for a code from it whenever you sign in.',
  begin: 'Begin',
  scan: 'Scan this code with the app.',
  qrCode: 'QR code for the app',
  orType: 'Or type this key into the app:',
  key: 'Key',
  code: 'Code from the app',
  enrolSubmit: 'Turn on',
  wrongCode: 'This code is not right. Check the clock of your phone, and use the code the app shows now.',
  expired: {
    title: 'The setup has expired',
    explanation: 'It was open too long, or was finished already.',
  },
  done: 'The authenticator app is set up.',
  codesOnce: 'Keep these recovery codes where you find them without your phone. They are shown only once.',
  goOn: 'Continue',
  disabled: 'The authenticator app was turned off.',
  stepTitle: 'One more step',
  stepText: (name: string) => `Signing in as ${name}. Enter the code that your authenticator app shows.`,
  stepCode: 'Code from the app, or a recovery code',
  stepSubmit: 'Continue',
  stepOther: 'Sign in as somebody else',
  stepWrong: 'This code is not right, or was used already.',
  stepTooMany: 'Too many attempts. Please try again later.',
  stepGone: 'The account was changed meanwhile. Please sign in again.',
  fewCodes: (count: number) =>
    count === 0
      ? 'That was your last recovery code. Make new ones in your account, under security.'
      : `You signed in with a recovery code; ${count} left.`,
  adminFact: 'Second factor',
  adminReset: 'Remove second factor',
  adminResetQuestion: (name: string) => `Remove the second factor of ${name}?`,
  adminResetText: (name: string) =>
    `For when ${name} lost phone and recovery codes, and you made sure who asks. The password alone will be enough; every session of the account ends.`,
  adminDone: (sessions: number) =>
    sessions === 1
      ? 'The second factor was removed; 1 browser was signed out.'
      : `The second factor was removed; ${sessions} browsers were signed out.`,
}

export type Security = typeof security
