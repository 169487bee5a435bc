/**
 * How `authgate doctor` learns what a running server sees of a request that came through every proxy before it.
 *
 * The question proves that whoever asks has the secret of the server, and the answer is sealed for nobody else: a
 * stranger, or a proxy that repeats the question, gets what any probe gets.
 */
import type { Context, Random } from '../context'
import { requestInfo } from '../edge/request-context'
import { type ServerSecrets, seal, unseal } from '../secrets'

export const ECHO_HEADER = 'x-authgate-doctor'

/** What proxies write of a request. */
const TOLD = [
  ...['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
  ...['x-forwarded-prefix', 'forwarded', 'via', 'host'],
]
/** Of one header. */
const MOST_CHARACTERS = 300
const NONCE_BYTES = 16

export interface Seen {
  /** The other end of the socket. */
  readonly peer: string
  /** By `TRUSTED_PROXIES`. */
  readonly trusted: boolean
  /** The address that limits and records go by. */
  readonly client: string
  /** Names are lower case. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Question {
  /** Value of `ECHO_HEADER`. */
  readonly header: string
  /** Undefined when the answer is of a server with another secret. */
  read(sealed: string): Seen | undefined
}

export function echoQuestion({ doctor }: ServerSecrets, random: Random): Question {
  const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url')
  return {
    header: `${nonce}.${doctor.digest(`question ${nonce}`)}`,
    read: (sealed) => {
      const text = unseal(doctor.digest(`answer ${nonce}`), sealed)
      return text === undefined ? undefined : (JSON.parse(text) as Seen)
    },
  }
}

/** Undefined for every request but a question of somebody who has the secret. */
export function echoAnswer({ secrets, random }: Pick<Context, 'secrets' | 'random'>, request: Request) {
  const question = request.headers.get(ECHO_HEADER)
  const [, nonce, proof] = /^([\w-]{22})\.([0-9a-f]{64})$/.exec(question ?? '') ?? []
  if (nonce === undefined || proof === undefined) return undefined
  if (!secrets.doctor.matches(`question ${nonce}`, proof)) return undefined
  const { ip, peer } = requestInfo(request)
  const headers = TOLD.flatMap((name) => {
    const value = request.headers.get(name)
    return value === null ? [] : [[name, value.slice(0, MOST_CHARACTERS)]]
  })
  const seen: Seen = {
    ...{ peer: peer?.address ?? '', trusted: peer?.trusted ?? false, client: ip },
    headers: Object.fromEntries(headers),
  }
  return seal(secrets.doctor.digest(`answer ${nonce}`), JSON.stringify(seen), random)
}
