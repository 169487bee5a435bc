/** An error that a person sees as a page, or a script of ours as JSON. */
export class PageError extends Error {
  constructor(
    readonly status: number,
    /** What happened, in a few words. */
    readonly title: string,
    /** What happened, in a sentence. Never quotes a secret. */
    readonly explanation: string,
    /** What one can do. */
    readonly hint?: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(explanation)
    this.name = 'PageError'
  }
}
