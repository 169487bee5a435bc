/** Pages that say what went wrong: in a few words, in a sentence, and what one can do. */
import type { Child } from '../../html'

const START_AGAIN_AT_APPLICATION = 'Go back to the application and start again.'
const ENTER_CODE_AGAIN = 'Enter the code from your device again, or start again on the device.'
const REFUSED_HINT =
  'Go back to the application and start again. If it happens again, tell whoever runs the application.'

const refusedRequest = (explanation: string) => ({
  title: 'Sign-in request refused',
  explanation,
  hint: REFUSED_HINT,
})

export const errors = {
  status: (status: number) => `Error ${status}`,
  toStartPage: 'Go to the start page',
  requestId: 'request id',
  requestIdToQuote: (id: Child): Child => ['Request id to quote when you ask for help: ', id],
  formNotUnderstood: {
    title: 'Form not understood',
    explanation: 'The form could not be read.',
    hint: 'Go back and send it again.',
  },
  notAForm: { title: 'Form not understood', explanation: 'Send a form, not another kind of document.' },
  tooLarge: { title: 'Too much data', explanation: 'Request body too large' },
  formExpired: {
    title: 'Form expired',
    explanation: 'CSRF token validation failed. Please refresh the page and try again.',
    hint: 'Go back, reload the page and send the form again.',
  },
  adminRequired: {
    title: 'Admin access required',
    explanation: 'Admin access required',
    hint: 'Ask an administrator.',
  },
  unavailable: {
    title: 'Temporarily unavailable',
    explanation: 'Service temporarily unavailable. Please try again.',
  },
  unexpected: {
    title: 'Something went wrong',
    explanation: 'The server could not complete this request.',
    hint: 'Try again. If it happens again, quote the request id to whoever runs this server.',
  },
  rateLimit: { title: 'Rate Limit Exceeded', explanation: 'Too many requests. Please try again later.' },
  notFound: { title: 'Page not found', explanation: 'There is nothing at this address.' },
  wrongMethod: { title: 'Method not allowed', explanation: 'This address does not take requests of this kind.' },
  noPassword: {
    title: 'No password here',
    explanation: 'This account has no password on this server.',
    hint: 'Change it where you sign in, or ask your administrator for one.',
  },
  notYourSession: {
    title: 'Not yours',
    explanation: "You don't have permission to end this session",
    hint: 'It may have ended in the meantime.',
  },
  notYourGrant: {
    title: 'Not yours',
    explanation: "You don't have permission to revoke this grant",
    hint: 'It may have ended in the meantime.',
  },
  authorization: {
    malformed: { title: 'Request not understood', explanation: 'Malformed request (invalid_request)' },
    unknownClient: refusedRequest(
      'This server does not know the application, or it is not active (unauthorized_client).',
    ),
    repeated: (parameter: string) => refusedRequest(`Parameter ${parameter} must not be repeated (invalid_request).`),
    redirectUri: refusedRequest(
      'The address to return to is not registered for the application: invalid redirect_uri (invalid_request).',
    ),
    changed: {
      title: 'Please try again',
      explanation: 'Something changed while you decided.',
      hint: START_AGAIN_AT_APPLICATION,
    },
    ended: {
      title: 'Request has ended',
      explanation: 'This request has ended, or was made in another browser session.',
      hint: START_AGAIN_AT_APPLICATION,
    },
    answered: {
      title: 'Already answered',
      explanation: 'This request has already been answered.',
      hint: START_AGAIN_AT_APPLICATION,
    },
  },
  device: {
    changed: {
      title: 'Please try again',
      explanation: 'Something changed while you decided.',
      hint: ENTER_CODE_AGAIN,
    },
    ended: {
      title: 'Request has ended',
      explanation: 'This request has ended, or was made in another browser session.',
      hint: ENTER_CODE_AGAIN,
    },
    answered: {
      title: 'Already answered',
      explanation: 'This request has already been answered.',
      hint: ENTER_CODE_AGAIN,
    },
    allowed: { title: 'Already allowed', explanation: 'This code has already been authorized' },
    denied: { title: 'Already denied', explanation: 'This code has already been denied' },
    expired: { title: 'Code has expired', explanation: 'Code has expired, please request a new one' },
    inactive: { title: 'Application not active', explanation: 'This application is not active' },
    notPermitted: {
      title: 'No longer permitted',
      explanation: 'This application may no longer ask for this access',
      hint: ENTER_CODE_AGAIN,
    },
  },
  logout: {
    tooLong: {
      title: 'Request not understood',
      explanation: 'The application sent a request that is too long.',
    },
    malformed: {
      title: 'Request not understood',
      explanation: 'The application sent a request that could not be read.',
    },
  },
}

export type Errors = typeof errors
