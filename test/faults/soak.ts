/** A long time of everyday work, with what the process takes of the machine measured all along. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startJourneys } from './journeys'
import { emptyLedger } from './ledger'
import { startStrangers } from './strangers'
import { prepareSubject } from './subject'

export interface SoakSettings {
  readonly seconds: number
  /** Not counted for the slope. */
  readonly warmUpSeconds: number
  readonly requestsPerSecond: number
  readonly sampleEverySeconds: number
  readonly onSample?: (sample: Sample) => void
}

export interface Sample {
  /** Since the load began. */
  readonly second: number
  readonly residentMb: number
  readonly descriptors: number
  readonly threads: number
  /** Lines of `/metrics`. */
  readonly series: number
  readonly answered: number
  readonly writeAheadLogMb: number
}

export interface SoakReport {
  readonly samples: readonly Sample[]
  readonly wrong: readonly string[]
  readonly answered: number
  /** Least squares through the samples after the warm-up. */
  readonly slopeMbPerHour: number
  /** How late the event loop came to a task that was due, in milliseconds, as `/metrics` told it once a second. */
  readonly lagMs: { readonly median: number; readonly p99: number; readonly most: number }
  readonly exitCode: number
}

/** Lifetimes so short that what was issued in the warm-up has expired and is deleted while the load goes on. */
const SHORT_LIVES = {
  JWT_EXPIRATION: '2m',
  JWT_EXPIRATION_JITTER: '0s',
  CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '2m',
  REFRESH_TOKEN_EXPIRATION: '5m',
  AUTH_CODE_EXPIRATION: '30s',
  SESSION_MAX_AGE: '600',
  SESSION_REMEMBER_ME_ENABLED: 'false',
  EXPIRED_TOKEN_CLEANUP_INTERVAL: '1m',
  ENABLE_TOKEN_ROTATION: 'true',
}

/** Callers of one crowd: see `startJourneys`. */
const CALLERS = { each: 4, once: 2 }
const CROWD = 4

export async function soak(settings: SoakSettings): Promise<SoakReport> {
  const subject = await prepareSubject('SQLite', {
    ...SHORT_LIVES,
    ...{ ENABLE_RATE_LIMIT: 'true', METRICS_ENABLED: 'true', METRICS_ALLOW_ANONYMOUS: 'true' },
  })
  const server = await subject.start()
  // Everybody comes from an address of their own, which the proxy in front tells.
  const address = () => `10.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`
  const fetch = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('x-forwarded-for', address())
    return subject.fetch(path, { ...init, headers })
  }
  const from = { ...subject, fetch }
  const pauseMs = ((CALLERS.each * CROWD + CALLERS.once) * 1000) / settings.requestsPerSecond
  const journeys = startJourneys(from, emptyLedger(), { crowd: CROWD, pauseMs })
  const strangers = startStrangers(from, 200)

  const began = performance.now()
  const samples: Sample[] = []
  const lags: number[] = []
  const elapsed = () => (performance.now() - began) / 1000
  while (elapsed() < settings.seconds) {
    await Bun.sleep(1_000)
    const metrics = await (await subject.fetch('/metrics')).text()
    lags.push(1000 * Number(/^process_event_loop_lag_seconds ([\d.e-]+)/m.exec(metrics)?.[1] ?? Number.NaN))
    if (elapsed() < (samples.length + 1) * settings.sampleEverySeconds) continue
    const sample = {
      second: Math.round(elapsed()),
      ...processOf(server.pid),
      series: metrics.split('\n').length,
      answered: journeys.answered(),
      writeAheadLogMb: inMb(statSync(join(subject.folder, 'oauth.db-wal')).size),
    }
    samples.push(sample)
    settings.onSample?.(sample)
  }
  await journeys.stop()
  await strangers.stop()
  const exitCode = await server.stop()
  await subject.close()
  return {
    ...{ samples, exitCode, wrong: [...journeys.wrong, ...strangers.wrong], answered: journeys.answered() },
    slopeMbPerHour: slope(samples.filter(({ second }) => second >= settings.warmUpSeconds)) * 3600,
    lagMs: spread(lags),
  }
}

const inMb = (bytes: number): number => Math.round((bytes / 1024 / 1024) * 10) / 10

/** What the kernel says about a process. */
function processOf(pid: number): Pick<Sample, 'residentMb' | 'descriptors' | 'threads'> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const value = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    residentMb: inMb(value('VmRSS') * 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: value('Threads'),
  }
}

/** Megabytes a second. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [middle, level] = [mean(samples.map((s) => s.second)), mean(samples.map((s) => s.residentMb))]
  const across = samples.reduce((sum, s) => sum + (s.second - middle) * (s.residentMb - level), 0)
  return across / samples.reduce((sum, s) => sum + (s.second - middle) ** 2, 0)
}

function spread(values: readonly number[]): SoakReport['lagMs'] {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 100) / 100
  return { median: at(0.5), p99: at(0.99), most: at(1) }
}
