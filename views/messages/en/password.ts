/** Changing one's own password, and what a password must be. */
export const password = {
  title: 'Change password',
  othersEnd: 'Your other browser sessions end when the password changes.',
  forcedTitle: 'Choose a new password',
  forcedText: 'Somebody else set your password. Choose one that only you know.',
  current: 'Current password',
  new: 'New password',
  newAgain: 'New password again',
  hint: (characters: number) => `At least ${characters} characters. Several words make a good password.`,
  submit: 'Change password',
  signOut: 'Sign out',
  changed: 'Your password was changed. Every other browser was signed out.',
  tooMany: 'Too many attempts. Please try again later.',
  problems: {
    not_the_same: 'The two new passwords are not the same.',
    unchanged: 'Choose a password that differs from the present one.',
    account_changed: 'The account was changed meanwhile. Please try again.',
    wrong_current: 'The current password is not correct.',
    too_short: 'Use at least 12 characters.',
    too_long: 'Use at most 256 characters.',
    own_name: 'The password must not be your user name or e-mail address.',
    repeats: 'The password repeats too few different characters.',
    common: 'This password is too common.',
  },
}

export type Password = typeof password
