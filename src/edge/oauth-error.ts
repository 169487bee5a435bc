/** An error of the OAuth protocol, answered as JSON (RFC 6749 §5.2). */
export class OAuthError extends Error {
  constructor(
    /** Error code of the protocol, such as `invalid_grant`. */
    readonly error: string,
    /** For the developer of the client; never quotes a secret. */
    readonly description: string,
    readonly status = 400,
    /** Such as `WWW-Authenticate`. */
    readonly headers: Record<string, string> = {},
  ) {
    super(description)
    this.name = 'OAuthError'
  }
}
