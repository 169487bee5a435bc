/** What every provider has and does; one file each implements it. */

export const PROVIDER_NAMES = ['github', 'gitea', 'gitlab', 'microsoft', 'oidc'] as const

/** As it stands in URLs, rows, audit records and metrics. */
export type ProviderName = (typeof PROVIDER_NAMES)[number]

/** What an attempt to sign in is told apart and protected by. */
export interface Attempt {
  readonly state: string
  /** RFC 7636 §4.1. */
  readonly codeVerifier: string
  /** OIDC Core §3.1.2.1. */
  readonly nonce: string
  /** The person is to prove again who they are, as far as the provider knows how to ask for that. */
  readonly fresh: boolean
}

/** What came back from the provider, together with the attempt it belongs to. */
export interface Returned extends Omit<Attempt, 'state'> {
  readonly code: string
  /** RFC 9207 §2; absent where the provider does not send it. */
  readonly iss: string | undefined
  readonly startedAt: Date
}

/** Who signed in there. Texts are trimmed, free of control characters and limited in length. */
export interface ProviderAccount {
  /** Together with `subject` the identity; a name or address is none. */
  readonly issuer: string
  readonly subject: string
  /** As the provider has it; may be empty. */
  readonly username: string
  readonly fullName: string
  /** Never empty. */
  readonly email: string
  /** The provider says that the mailbox is this person's. */
  readonly emailVerified: boolean
  /** Its word is good enough to find an existing account by the address. */
  readonly mayLinkByEmail: boolean
  /** An https address, or empty. */
  readonly avatarUrl: string
  /** The user takes over this name whenever it changes in the directory. */
  readonly directoryName?: string
  /** When the provider last saw proof of who this is (OIDC Core §2 `auth_time`), where it says so. */
  readonly authTime?: Date
}

export interface Provider {
  readonly name: ProviderName
  /** For people: `GitHub`. */
  readonly label: string
  /** The server behind the name. Another one has other people with the same ids. */
  readonly issuer: string
  /**
   * What connections have for an issuer that were taken over from where it was not kept, when ids alone are unique
   * there; the next sign-in sets it right.
   */
  readonly importedIssuer?: string
  /** Whether connections of that issuer can still sign in. */
  isIssuer(issuer: string): boolean
  /** Throws `ProviderFailure`. */
  authorizationUrl(attempt: Attempt): Promise<URL>
  /** Redeems the code and asks who signed in. Throws `ProviderFailure`. */
  account(returned: Returned): Promise<ProviderAccount>
}

/** Where it went wrong: before the person was sent there, redeeming the code, or asking who signed in. */
export type ProviderStep = 'start' | 'exchange' | 'profile'

/** The provider gave no usable answer. The reason is for the log and the audit trail; it never quotes an answer. */
export class ProviderFailure extends Error {
  constructor(
    readonly step: ProviderStep,
    readonly reason: string,
  ) {
    super(`${step}: ${reason}`)
    this.name = 'ProviderFailure'
  }
}
