/** Proving again who one is, before a sensitive action. */
export const confirm = {
  title: 'Confirm it is you',
  text: (username: string) => `What you are about to do needs a recent sign-in. You are signed in as ${username}.`,
  password: 'Password',
  submit: 'Confirm',
  withPasskey: 'Use a passkey',
  signInAgain: 'Sign in again',
  or: 'or',
  confirmAt: (provider: string) => `Confirm with ${provider}`,
  wrong: 'The password is not correct.',
  tooMany: 'Too many attempts. Please try again later.',
  changed: 'Your account was changed meanwhile. Please try again.',
  gone: {
    title: 'Form gone',
    explanation: 'The form you sent is not kept any more.',
    hint: 'Go back to where you were and send it again.',
  },
  continueTitle: 'Thank you',
  continueText: 'Your form was kept. Send it now to finish what you began.',
  continueSubmit: 'Continue',
}

export type Confirm = typeof confirm
