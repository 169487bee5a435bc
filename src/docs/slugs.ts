/** The pages of the documentation, in the order of their list. */
export const SLUGS = [
  'getting-started',
  'auth-code-flow',
  'device-flow',
  'client-credentials',
  'oidc',
  'jwt-verification',
  'tokens',
  'errors',
  'configuration',
  'deployment',
  'operations',
  'security',
  'upgrading',
] as const

export type Slug = (typeof SLUGS)[number]

export const FIRST_SLUG: Slug = 'getting-started'

export const isSlug = (text: string): text is Slug => (SLUGS as readonly string[]).includes(text)
