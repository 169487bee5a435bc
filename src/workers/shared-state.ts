/** What a worker shares with the others: through the supervisor, which counts, adds up and passes on. */
import type { EvictionBus } from '../cache/eviction-bus'
import type { MemoryLimits } from '../limits/memory'
import type { Limits, Verdict } from '../limits/window'
import type { OtherProcesses, Poll } from '../oauth/device/poll-pace'
import type { SupervisorLink } from './supervisor-link'

/** The other processes behind the same port. */
export interface Siblings {
  /** Resolves to false when they could not be told. */
  reloadKeys(): Promise<boolean>
}

export interface WorkerParts {
  /** From 1 on. */
  readonly number: number
  /** Of all workers: what the machine has is divided by it. */
  readonly count: number
  /** Counts for all workers; `local` counts for this one while the supervisor does not answer. */
  createLimits(local: MemoryLimits): Limits
  readonly polls: OtherProcesses
  readonly evictions: EvictionBus
  readonly siblings: Siblings
  /** The metrics of all workers together; `undefined` when they cannot be had. */
  allMetrics(): Promise<string | undefined>
}

export interface WorkerPlace {
  readonly number: number
  readonly count: number
}

export const createWorkerParts = (link: SupervisorLink, { number, count }: WorkerPlace): WorkerParts => ({
  number,
  count,
  createLimits: (local) => supervisorLimits(link, local),
  polls: otherPolls(link),
  evictions: supervisorBus(link),
  siblings: { reloadKeys: async () => (await link.ask((id) => ({ kind: 'reload_keys', id }))) !== undefined },
  allMetrics: async () => {
    const answer = await link.ask((id) => ({ kind: 'metrics', id }))
    return answer?.kind === 'metrics' ? answer.text : undefined
  },
})

function supervisorLimits(link: SupervisorLink, local: MemoryLimits): Limits {
  const count = async (key: string, limit: number, counting: boolean): Promise<Verdict> => {
    const answer = await link.ask((id) => ({ kind: 'limit', id, key, limit, counting }))
    if (answer?.kind === 'verdict') return answer.verdict
    return counting ? local.take(key, limit) : local.look(key, limit)
  }
  return { take: (key, limit) => count(key, limit, true), look: (key, limit) => count(key, limit, false) }
}

/** Devices poll every few seconds: what the others learn may come a little later. */
const POLLS_EVERY_MS = 100

function otherPolls(link: SupervisorLink): OtherProcesses {
  let waiting: Poll[] = []
  const send = () => {
    link.send({ kind: 'polls', polls: waiting })
    waiting = []
  }
  return {
    tell: (poll) => {
      if (waiting.push(poll) === 1) setTimeout(send, POLLS_EVERY_MS)
    },
    onHeard: (listener) => link.on('polls', ({ polls }) => listener(polls)),
  }
}

/** Commands beside the server change the database too and tell nobody. */
function supervisorBus(link: SupervisorLink): EvictionBus {
  return {
    reachesAll: false,
    isSound: link.isOpen,
    publish: async (keys) => {
      const answer = await link.ask((id) => ({ kind: 'evict', id, keys }))
      if (!answer) throw new Error('the other workers cannot be told')
    },
    subscribe: ({ evict, evictAll }) => {
      link.on('evict', ({ keys }) => evict(keys))
      link.lost.addEventListener('abort', evictAll)
    },
  }
}
