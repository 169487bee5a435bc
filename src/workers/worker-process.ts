/** One worker as its supervisor sees it: this executable once more, with a channel to it. */
import { type MetricSnapshot, type ToSupervisor, type ToWorker, WORKER_VARIABLE } from './messages'

export interface WorkerProcess {
  readonly number: number
  readonly pid: number
  /** Resolves to the address it serves. Rejects with the reason when it could not start. */
  readonly ready: Promise<string>
  readonly exited: Promise<WorkerExit>
  /** What it counted until it was last asked. */
  metrics: readonly MetricSnapshot[]
  send(message: ToWorker): void
  kill(): void
}

export interface WorkerExit {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly signal: string | number | null
}

/** Why a worker did not come to serve. */
export class WorkerFailed extends Error {}

export interface WorkerStart {
  readonly number: number
  readonly count: number
  /** Its settings; they travel over the channel, not in the environment of the process. */
  readonly env: Record<string, string>
  onMessage(worker: WorkerProcess, message: ToSupervisor): void
}

export function startWorker({ number, count, env, onMessage }: WorkerStart): WorkerProcess {
  const ready = Promise.withResolvers<string>()
  ready.promise.catch(() => {})
  const child = Bun.spawn(ownCommand(), {
    env: { ...inherited(), [WORKER_VARIABLE]: String(number) },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    ipc: (message: ToSupervisor) => {
      if (message.kind === 'ready') ready.resolve(message.address)
      else if (message.kind === 'failed') ready.reject(new WorkerFailed(message.reason))
      else onMessage(worker, message)
    },
  })
  const worker: WorkerProcess = {
    number,
    pid: child.pid,
    ready: ready.promise,
    exited: child.exited.then(() => {
      ready.reject(new WorkerFailed(`ended with ${child.signalCode ?? child.exitCode}`))
      return { code: child.exitCode, signal: child.signalCode }
    }),
    metrics: [],
    send: (message) => {
      try {
        child.send(message)
      } catch {
        // It is ending; its exit is seen elsewhere.
      }
    },
    kill: () => child.kill('SIGKILL'),
  }
  worker.send({ kind: 'start', number, count, env })
  return worker
}

/** The running program, even when its file has been replaced meanwhile: all processes are of one version. */
function ownCommand(): string[] {
  if (!Bun.main.startsWith('/$bunfs/')) return [process.execPath, Bun.main, 'server']
  return [process.platform === 'linux' ? '/proc/self/exe' : process.execPath, 'server']
}

/** The service manager waits for the supervisor alone. */
function inherited(): Record<string, string | undefined> {
  const { NOTIFY_SOCKET: _socket, WATCHDOG_USEC: _time, WATCHDOG_PID: _pid, ...rest } = process.env
  return rest
}
