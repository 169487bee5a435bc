/** The figures of a run as a Markdown table. */
import type { Figures } from './wrk'

export interface MeasuredRow {
  work: string
  yardstick: 'POST' | 'GET'
  target: number | undefined
  own: Figures[]
  /** Of the other server; empty where it has no such endpoint. */
  peer: Figures[]
}

export const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const rateOf = (runs: Figures[]): number => median(runs.map((run) => run.requestsPerSecond))

/** `bare` is what the bare handler did in the same run, in requests a second. */
export function printTable(rows: MeasuredRow[], bare: { POST: number; GET: number }): void {
  console.log(`bare handler: ${Math.round(bare.POST)} POST/s, ${Math.round(bare.GET)} static GET/s\n`)
  console.log('| Work | requests/s | share of bare | aim | p50 ms | p99 ms | errors | oidc-provider/s | ratio |')
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const { work, yardstick, target, own, peer } of rows) {
    const rate = rateOf(own)
    const other = rateOf(peer)
    const wrongOther = peer.reduce((sum, run) => sum + run.errors, 0)
    const cells = [
      work,
      Math.round(rate),
      (rate / bare[yardstick]).toFixed(2),
      target ?? '',
      median(own.map((run) => run.p50Ms)).toFixed(1),
      median(own.map((run) => run.p99Ms)).toFixed(1),
      own.reduce((sum, run) => sum + run.errors, 0),
      peer.length === 0 ? '' : `${Math.round(other)}${wrongOther > 0 ? ` (${wrongOther} errors)` : ''}`,
      peer.length === 0 ? '' : (rate / other).toFixed(1),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
