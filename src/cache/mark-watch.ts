/** Looks at the mark of `distrust.ts`, so that this process knows which copies it may go by. */
import { type Distrust, MARK_LIFE_MS } from './distrust'

export interface MarkWatch {
  /** Part of what copies are bound to. */
  readonly mark: string
  /** Whether the mark was seen so lately that nobody can count on its being known to be another. */
  isFresh(): boolean
  /** Resolves after the first look. Never throws. */
  start(): Promise<void>
  stop(): void
}

const INTERVAL_MS = 250

export const noMark: MarkWatch = { mark: '', isFresh: () => true, start: async () => {}, stop: () => {} }

export function watchMark(distrust: Pick<Distrust, 'mark'>, onChanged: () => void): MarkWatch {
  let mark = ''
  let seenAt = Number.NEGATIVE_INFINITY
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const look = async (): Promise<void> => {
    // What is answered may be as old as the question.
    const askedAt = performance.now()
    const found = await distrust.mark()
    if (found !== mark) {
      mark = found
      onChanged()
    }
    seenAt = askedAt
  }

  const lookForever = async (): Promise<void> => {
    await look().catch(() => {})
    if (stopped) return
    timer = setTimeout(lookForever, INTERVAL_MS)
    timer.unref()
  }

  return {
    get mark() {
      return mark
    },
    isFresh: () => performance.now() - seenAt < MARK_LIFE_MS,
    start: lookForever,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
