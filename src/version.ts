/** What this executable is: put in by `scripts/build`; run from source, the version is `dev` and the rest is empty. */

declare const AUTHGATE_VERSION: string | undefined
declare const AUTHGATE_COMMIT: string | undefined
declare const AUTHGATE_BUILD_TIME: string | undefined

/** Release version, or `dev`. */
export const version = typeof AUTHGATE_VERSION === 'string' ? AUTHGATE_VERSION : 'dev'

/** First seven characters of the git commit, or an empty string. */
export const commit = typeof AUTHGATE_COMMIT === 'string' ? AUTHGATE_COMMIT : ''

/** Time of the build, ISO 8601 in UTC, or an empty string. */
export const buildTime = typeof AUTHGATE_BUILD_TIME === 'string' ? AUTHGATE_BUILD_TIME : ''
