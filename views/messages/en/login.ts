/** Signing in. */
import type { Child } from '../../html'

export const login = {
  title: 'Sign in',
  withAccount: (product: string) => `with your ${product} account`,
  toContinueWith: (application: Child): Child => ['to continue with ', application],
  yourDevice: 'your device',
  username: 'Username',
  password: 'Password',
  rememberDays: (days: number) => `Remember me for ${days === 1 ? '1 day' : `${days} days`}`,
  submit: 'Sign in',
  sessionTimeout: 'Your session has expired due to inactivity. Please sign in again.',
  sessionInvalid: 'Your session is invalid or may have been accessed from a different device. Please sign in again.',
  tooMany: 'Too many requests. Please try again later.',
  unavailable: 'Your password cannot be checked at the moment. Please try again in a little while.',
  withPasskey: 'Use a passkey',
  problems: {
    invalid: 'Invalid username or password',
    disabled: 'Your account has been disabled. Please contact your administrator.',
    username_conflict: 'Username conflict with existing user. Please contact administrator.',
    passkey: 'This passkey was not accepted. Try again, or sign in with your password.',
    email_conflict: 'Your account could not be set up. Please contact your administrator.',
  },
}

export type Login = typeof login
