/** Secrets that are shown once. */
export const reveal = {
  once: 'Store it now. It cannot be shown again.',
  asFile: 'For a file of environment variables',
  gone: {
    title: 'Already shown',
    explanation: 'This page was shown once and is gone.',
    hint: 'If you did not store what it said, have a new one made.',
  },
}

export type Reveal = typeof reveal
