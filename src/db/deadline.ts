/** Work that is not waited for longer than it may take. */

/** Nothing came back in time; the work itself may still be going on. */
export class Overdue extends Error {
  constructor(readonly limitMs: number) {
    super(`no answer within ${limitMs} ms`)
    this.name = 'Overdue'
  }
}

/** Throws `Overdue` after `limitMs` milliseconds. */
export async function withDeadline<T>(work: PromiseLike<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Overdue(limitMs)), limitMs)
  })
  try {
    return await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}
