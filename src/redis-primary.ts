/**
 * Finds the one Redis server that counts, where several stand in for each other: the primary that Sentinels watch, or
 * the node of a cluster that keeps what belongs together.
 *
 * Most of the listed addresses must name it, at connecting and ever after. Who was cut off from them together with a
 * former primary could otherwise go by what that one keeps, while everybody else changes things at its successor.
 */
import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface PrimarySearch {
  /** All that are asked. */
  readonly addresses: readonly Endpoint[]
  /** How each of them is reached. */
  readonly options: RedisOptions
  /** What one of them says; undefined when it knows none. */
  ask(client: Redis, asked: Endpoint): Promise<Endpoint | undefined>
}

/** Of one answer. */
const ANSWER_LIMIT_MS = 1_000
const WATCH_EVERY_MS = 1_000
/** Rounds without a majority after which the connection is given up; one may be lost on a busy machine. */
const ROUNDS = 3

const noPrimary = (): Error => Object.assign(new Error('no majority names a primary'), { code: 'NOPRIMARY' })

export const bySentinels = (master: string): PrimarySearch['ask'] => {
  return async (client) => {
    const named = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master)) as [string, string] | null
    return named ? { host: named[0], port: Number(named[1]) } : undefined
  }
}

type SlotRange = readonly [from: number, to: number, primary: readonly [host: string | null, port: number]]

/** The node that keeps this key. */
export const byCluster = (key: string): PrimarySearch['ask'] => {
  return async (client, asked) => {
    const slot = (await client.call('CLUSTER', 'KEYSLOT', key)) as number
    const ranges = (await client.call('CLUSTER', 'SLOTS')) as SlotRange[]
    const [, , primary] = ranges.find(([from, to]) => slot >= from && slot <= to) ?? []
    // A node that does not know its own address means the one it was asked at.
    return primary && { host: primary[0] || asked.host, port: primary[1] }
  }
}

/** For the driver: connects to whichever server is found, and leaves it when it is not that one any more. */
export function primaryConnector(search: PrimarySearch): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: RedisOptions
    #leave: () => void = () => {}

    constructor(options: unknown) {
      super((options as { disconnectTimeout: number }).disconnectTimeout)
      this.#options = options as RedisOptions
    }

    async connect() {
      this.connecting = true
      const electorate = createElectorate(search)
      const found = await this.#find(electorate).catch((error) => {
        electorate.close()
        throw error
      })
      const { tls } = this.#options
      const stream = tls ? connectTls({ ...found, ...tls, ...nameOf(found.host) }) : connectTcp(found)
      stream.once('error', (error) => {
        this.firstError = error
      })
      const watching = watch(electorate, found, () => stream.destroy())
      this.#leave = () => {
        clearInterval(watching)
        electorate.close()
      }
      stream.once('close', this.#leave)
      this.stream = stream
      return stream
    }

    /** A former primary is a replica by now. */
    override check(info: { role?: string }): boolean {
      return info.role === undefined || info.role === 'master'
    }

    override disconnect(): void {
      this.#leave()
      super.disconnect()
    }

    /** The driver does not come back after a failure here, so it is tried again here where it may be. */
    async #find(electorate: Electorate): Promise<Endpoint> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const found = await electorate.elect()
          if (this.connecting) return found
        } catch (error) {
          const pauseMs = this.#options.retryStrategy?.(attempt)
          if (typeof pauseMs !== 'number') throw error
          await Bun.sleep(pauseMs)
        }
        if (!this.connecting) throw new Error('Connection is closed.')
      }
    }
  }
}

/** Certificates of addresses are looked up without a name. */
export const nameOf = (host: string): { servername?: string } => (isIP(host) ? {} : { servername: host })

interface Electorate {
  /** Throws when no majority agrees. */
  elect(): Promise<Endpoint>
  close(): void
}

function createElectorate({ addresses, options, ask }: PrimarySearch): Electorate {
  const clients = addresses.map((address) => {
    const { tls } = options
    const client = new Redis({
      ...options,
      ...address,
      ...(tls && { tls: { ...tls, ...nameOf(address.host) } }),
      connectTimeout: ANSWER_LIMIT_MS,
      commandTimeout: ANSWER_LIMIT_MS,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => WATCH_EVERY_MS,
    })
    let lastError: unknown
    client.on('error', (error) => {
      lastError = error
    })
    const answer = () =>
      ask(client, address).catch((error) => {
        throw lastError ?? error
      })
    return { client, answer }
  })
  return {
    elect: async () => {
      const answers = await Promise.allSettled(clients.map(({ answer }) => answer()))
      const votes = new Map<string, number>()
      for (const { value: named } of answers.filter((each) => each.status === 'fulfilled')) {
        if (!named) continue
        const name = `${named.host} ${named.port}`
        const count = (votes.get(name) ?? 0) + 1
        votes.set(name, count)
        if (count > addresses.length / 2) return named
      }
      const refusal = answers.find((each) => each.status === 'rejected')
      throw votes.size === 0 && refusal ? refusal.reason : noPrimary()
    },
    close: () => {
      for (const { client } of clients) client.disconnect()
    },
  }
}

function watch(electorate: Electorate, { host, port }: Endpoint, leave: () => void): ReturnType<typeof setInterval> {
  let failures = 0
  const look = async () => {
    try {
      const named = await electorate.elect()
      failures = 0
      if (named.host !== host || named.port !== port) leave()
    } catch {
      failures += 1
      if (failures >= ROUNDS) leave()
    }
  }
  const timer = setInterval(look, WATCH_EVERY_MS)
  timer.unref()
  return timer
}
