/** All workers of a server: started, watched, replaced, ended; and what they have in common. */
import type { Logger } from '../context'
import type { MemoryLimits } from '../limits/memory'
import { StartError } from '../start-error'
import { createCollectedMetrics } from './collected-metrics'
import type { MetricSnapshot, ToSupervisor, ToWorker } from './messages'
import { startWorker, WorkerFailed, type WorkerProcess } from './worker-process'

export interface Team {
  /** Resolves to the address when all serve. Throws `StartError`; none is left then. */
  start(): Promise<string>
  /** Keys and certificate are read again by every worker. */
  reload(): void
  /** Puts a new worker in the place of each, one after the other. Never throws. */
  replaceAll(): Promise<void>
  /** The metrics of all workers and of `own`, the supervisor's. */
  metricsText(own: readonly MetricSnapshot[]): Promise<string>
  /** Throws when a worker did not end in order within so many milliseconds. */
  stop(limitMs: number): Promise<void>
}

export interface TeamOptions {
  readonly count: number
  /** Settings of every worker. */
  readonly env: Record<string, string>
  readonly log: Logger
  /** Absent with `ENABLE_RATE_LIMIT=false`. */
  readonly limits: MemoryLimits
  ownMetrics(): Promise<readonly MetricSnapshot[]>
  /** How long a worker may take to leave. */
  readonly leaveLimitMs: number
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** A worker that served for so long starts again at once when it ends. */
const STEADY_MS = 10_000
const COLLECT_LIMIT_MS = 500
const PING_EVERY_MS = 5_000
/** Rounds without an answer after which a worker hangs. Counted, so that a machine that slept kills nobody. */
const MISSED_PINGS = 12

interface Member {
  readonly worker: WorkerProcess
  /** Expected to end. */
  leaving: boolean
  missedPings: number
  collected?: () => void
}

export function createTeam(options: TeamOptions): Team {
  const { count, log, limits } = options
  const members = new Set<Member>()
  const metrics = createCollectedMetrics()
  let env = options.env
  let stopping = false
  let replacing: Promise<void> | undefined
  let pings: ReturnType<typeof setInterval> | undefined

  const others = (worker: WorkerProcess, message: ToWorker) => {
    for (const member of members) if (member.worker !== worker) member.worker.send(message)
  }

  const allText = async () => metricsText(await options.ownMetrics())

  const onMessage = (member: () => Member, worker: WorkerProcess, message: ToSupervisor) => {
    switch (message.kind) {
      case 'limit': {
        const { id, key, limit, counting } = message
        worker.send({ kind: 'verdict', id, verdict: counting ? limits.take(key, limit) : limits.look(key, limit) })
        return
      }
      case 'polls':
        others(worker, message)
        return
      case 'evict':
        others(worker, { kind: 'evict', keys: message.keys })
        worker.send({ kind: 'noted', id: message.id })
        return
      case 'reload_keys':
        others(worker, { kind: 'reload_keys' })
        worker.send({ kind: 'noted', id: message.id })
        return
      case 'metrics':
        void allText().then((text) => worker.send({ kind: 'metrics', id: message.id, text }))
        return
      case 'collected':
        worker.metrics = message.metrics
        member().collected?.()
        if (message.id !== undefined) worker.send({ kind: 'noted', id: message.id })
        return
      case 'pong':
        member().missedPings = 0
        return
      case 'signalled':
        // With a signal to all processes at once the supervisor ends the workers itself.
        setTimeout(() => void replaceOne(member()), FIRST_PAUSE_MS)
        return
    }
  }

  const begin = (number: number): Member => {
    const worker = startWorker({
      number,
      count,
      env,
      onMessage: (sender, message) => onMessage(() => member, sender, message),
    })
    const member: Member = { worker, leaving: false, missedPings: 0 }
    members.add(member)
    void worker.exited.then(() => {
      members.delete(member)
      metrics.keep(worker.metrics)
    })
    return member
  }

  /** From now on a worker that ends is replaced by another. */
  const watch = (member: Member) => {
    const startedAt = performance.now()
    void member.worker.exited.then(({ code, signal }) => {
      if (member.leaving || stopping) return
      const { number, pid } = member.worker
      log.error({ worker: number, pid, exit: signal ?? code }, 'Worker ended unexpectedly, starting another')
      void restart(number, performance.now() - startedAt > STEADY_MS ? 0 : FIRST_PAUSE_MS)
    })
  }

  const restart = async (number: number, firstPauseMs: number): Promise<void> => {
    for (let pauseMs = firstPauseMs; !stopping; pauseMs = Math.min((pauseMs || FIRST_PAUSE_MS) * 2, LONGEST_PAUSE_MS)) {
      await Bun.sleep(pauseMs)
      if (stopping) return
      if (await serves(begin(number))) return
    }
  }

  const serves = async (member: Member): Promise<boolean> => {
    const { worker } = member
    try {
      await worker.ready
      watch(member)
      return true
    } catch (error) {
      if (!stopping) log.error({ worker: worker.number, reason: (error as Error).message }, 'Worker could not start')
      return false
    }
  }

  /** The new one serves before the old one leaves. */
  const replaceOne = async (old: Member): Promise<void> => {
    if (stopping || old.leaving || !members.has(old)) return
    old.leaving = true
    const next = begin(old.worker.number)
    if (!(await serves(next))) {
      old.leaving = false
      if (!members.has(old) && !stopping) await restart(old.worker.number, FIRST_PAUSE_MS)
      return
    }
    old.worker.send({ kind: 'leave' })
    const late = setTimeout(() => old.worker.kill(), options.leaveLimitMs)
    await old.worker.exited
    clearTimeout(late)
    log.info({ worker: old.worker.number, pid: next.worker.pid }, 'Worker replaced')
  }

  const collect = async (): Promise<void> => {
    const answers = [...members].map((member) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      member.collected = resolve
      member.worker.send({ kind: 'collect' })
      return Promise.race([promise, member.worker.exited])
    })
    await Promise.race([Promise.all(answers), Bun.sleep(COLLECT_LIMIT_MS)])
  }

  const metricsText = async (own: readonly MetricSnapshot[]): Promise<string> => {
    await collect()
    return await metrics.text([own, ...[...members].map(({ worker }) => worker.metrics)])
  }

  const ping = () => {
    for (const member of members) {
      member.missedPings += 1
      if (member.missedPings > MISSED_PINGS) {
        log.error({ worker: member.worker.number, pid: member.worker.pid }, 'Worker does not answer, ending it')
        member.worker.kill()
      } else member.worker.send({ kind: 'ping' })
    }
  }

  const stop = async (limitMs: number): Promise<void> => {
    stopping = true
    clearInterval(pings)
    for (const { worker } of members) worker.send({ kind: 'stop' })
    const late = setTimeout(() => {
      for (const { worker } of members) worker.kill()
    }, limitMs)
    const exits = await Promise.all([...members].map(({ worker }) => worker.exited))
    clearTimeout(late)
    const failed = exits.filter(({ code }) => code !== 0).length
    if (failed > 0) throw new Error(`${failed} of ${exits.length} workers did not end in order`)
  }

  return {
    start: async () => {
      const first = begin(1)
      try {
        const address = await first.worker.ready
        // With port 0 the first has found one.
        env = { ...env, SERVER_ADDR: address }
        const rest = Array.from({ length: count - 1 }, (_, index) => begin(index + 2))
        await Promise.all(rest.map(({ worker }) => worker.ready))
        for (const member of [first, ...rest]) watch(member)
        pings = setInterval(ping, PING_EVERY_MS)
        return address
      } catch (error) {
        await stop(options.leaveLimitMs).catch(() => {})
        if (error instanceof WorkerFailed) throw new StartError(error.message)
        throw error
      }
    },
    reload: () => {
      for (const { worker } of members) worker.send({ kind: 'reload' })
    },
    replaceAll: async () => {
      if (replacing) return await replacing
      const all = async () => {
        for (const member of [...members].sort((a, b) => a.worker.number - b.worker.number)) await replaceOne(member)
      }
      replacing = all()
      await replacing
      replacing = undefined
    },
    metricsText,
    stop,
  }
}
