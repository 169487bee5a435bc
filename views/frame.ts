import type { Language, Messages } from './messages'

/** What every page needs beside its own facts. */
export interface PageFrame {
  /** Path of BASE_URL without a final slash; empty when the server owns the whole host. */
  readonly basePath: string
  readonly productName: string
  /** Empty: the built-in mark. */
  readonly logoUrl: string
  /** One of the accent names of PRODUCT_ACCENT; empty for the default. */
  readonly accent: string
  readonly version: string
  readonly language: Language
  /** Every text of the page comes from here. */
  readonly t: Messages
  /** Path of this page below `basePath`, to mark where one is in the navigation. */
  readonly path: string
  /** Where this page is found again, below `basePath`; absent where it cannot be fetched again. */
  readonly here?: string | undefined
  /** `name` is what to call the person: the full name where there is one. */
  readonly user?: { readonly name: string; readonly username: string; readonly isAdmin: boolean }
  /** The API browser is switched on and this person may see it. */
  readonly apiBrowser?: boolean
  /** For administrators: how many applications and changes wait for a decision. */
  readonly waitingReviews?: number
  readonly csrfToken: string
  readonly requestId: string
  /** Messages for this page view only; all are shown. */
  readonly flash: readonly string[]
}
