/** An error that a person sees as a page, or a script of ours as JSON. */
import { type Messages, messagesOf } from '../../views/messages'

export interface ErrorText {
  /** What happened, in a few words. */
  readonly title: string
  /** What happened, in a sentence. Never quotes a secret. */
  readonly explanation: string
  /** What one can do. */
  readonly hint?: string
}

export class PageError extends Error {
  constructor(
    readonly status: number,
    /** Of the catalogue, so that the page speaks the visitor's language. */
    readonly text: (t: Messages) => ErrorText,
    readonly headers: Record<string, string> = {},
  ) {
    super(text(messagesOf('en')).explanation)
    this.name = 'PageError'
  }
}
