/** A worker's end of the channel to its supervisor. */
import { type ToSupervisor, type ToWorker, WORKER_VARIABLE } from './messages'

export interface SupervisorLink {
  send(message: ToSupervisor): void
  /** Sends a question and resolves to the answer with its id; `undefined` when none comes in time. */
  ask(question: (id: number) => ToSupervisor): Promise<ToWorker | undefined>
  /** Calls the listener for every message of that kind. */
  on<Kind extends ToWorker['kind']>(kind: Kind, listener: (message: Extract<ToWorker, { kind: Kind }>) => void): void
  isOpen(): boolean
  /** Aborted when the supervisor is gone, however it ended. */
  readonly lost: AbortSignal
}

/** A supervisor that answers takes microseconds; one that hangs must not hold up requests. */
const ANSWER_LIMIT_MS = 1_000
const SWEEP_MS = 100

interface Question {
  readonly askedAt: number
  readonly settle: (answer: ToWorker | undefined) => void
}

/** `undefined` when no supervisor started this process. */
export function openSupervisorLink(env: Record<string, string | undefined>): SupervisorLink | undefined {
  if (env[WORKER_VARIABLE] === undefined || !process.send || !process.connected) return undefined
  const lost = new AbortController()
  const listeners = new Map<ToWorker['kind'], ((message: never) => void)[]>()
  /** By id, oldest first. */
  const questions = new Map<number, Question>()
  let lastId = 0
  let sweeping: ReturnType<typeof setInterval> | undefined

  const settle = (id: number, answer: ToWorker | undefined) => {
    const question = questions.get(id)
    questions.delete(id)
    question?.settle(answer)
  }

  const giveUp = (askedBefore: number) => {
    for (const [id, { askedAt }] of questions) {
      if (askedAt > askedBefore) break
      settle(id, undefined)
    }
    if (questions.size > 0) return
    clearInterval(sweeping)
    sweeping = undefined
  }

  const lose = () => {
    giveUp(Number.POSITIVE_INFINITY)
    lost.abort()
  }

  process.on('message', (message: ToWorker) => {
    if ('id' in message) settle(message.id, message)
    for (const listener of listeners.get(message.kind) ?? []) listener(message as never)
  })
  process.on('disconnect', lose)

  const isOpen = () => process.connected && !lost.signal.aborted
  const send = (message: ToSupervisor) => {
    if (!isOpen()) return
    try {
      process.send?.(message)
    } catch {
      lose()
    }
  }

  return {
    send,
    ask: (question) => {
      if (!isOpen()) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        lastId += 1
        questions.set(lastId, { askedAt: performance.now(), settle: resolve })
        sweeping ??= setInterval(() => giveUp(performance.now() - ANSWER_LIMIT_MS), SWEEP_MS)
        send(question(lastId))
      })
    },
    on: (kind, listener) => {
      listeners.set(kind, [...(listeners.get(kind) ?? []), listener as (message: never) => void])
    },
    isOpen,
    lost: lost.signal,
  }
}
