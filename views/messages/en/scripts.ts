/** What the scripts of the pages say; built into the script with all languages. */
export const scripts = {
  copied: 'Copied',
  copyFailed: 'Copying failed',
  toDark: 'Switch to dark mode',
  toLight: 'Switch to light mode',
  justNow: 'just now',
  inLessThanAMinute: 'in less than a minute',
  now: 'now',
  passkeyFailed: 'The passkey could not be used. Please try again.',
  passkeyKnown: 'This device or security key already has a passkey for your account.',
  /** `time` is minutes and seconds, as `4:31`. */
  countdown: (time: string) => `in ${time}`,
}

export type Scripts = typeof scripts
