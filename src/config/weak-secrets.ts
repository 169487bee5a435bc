/** Which values may serve as secrets. */

/** Values that stand in published documentation. */
const PUBLISHED = new Set([
  'your-256-bit-secret-change-in-production',
  'session-secret-change-in-production',
  'your-session-secret-change-in-production',
  '<generated-secret>',
  'your-secure-admin-password',
  'your-secure-password',
  '<your-password>',
  'your-secret-bearer-token',
  'your-shared-secret-here',
  'your-hmac-secret-here',
  'shared-secret-between-services',
])

export const isPublishedSecret = (value: string): boolean => PUBLISHED.has(value) || value.startsWith('#')

export const KEY_BYTES = 32
const DISTINCT_BYTES = 8

/** Enough different bytes to be neither a word nor a run of one character. */
export const hasVariety = (value: string): boolean => new Set(Buffer.from(value)).size >= DISTINCT_BYTES
