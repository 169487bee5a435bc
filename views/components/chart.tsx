/** Charts drawn on the server: SVG for the eye, a table with the same numbers behind it. */
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import { figure, shortFigure } from '../numbers'

export type ChartTone = '1' | '2' | '3' | '4' | '5' | 'good' | 'bad'

export interface ChartSeries {
  readonly label: string
  readonly tone: ChartTone
  /** One number for each column. */
  readonly values: readonly number[]
}

interface ChartProps {
  readonly frame: PageFrame
  readonly title: string
  /** Beginnings of the columns. */
  readonly columns: readonly Date[]
  /** How long a column is, in milliseconds. */
  readonly columnMs: number
  /** Stacked in this order; those without any number are left out. */
  readonly series: readonly ChartSeries[]
}

const WIDTH = 10
const GAP = 1.5
const HEIGHT = 100
const DAY_MS = 86_400_000

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** The next of 1, 2, 5, 10, 20, …: the scale's end. */
function scaleEnd(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 1)))
  return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= highest && end >= 2) ?? 10 * power
}

const rounded = (value: number): number => Math.round(value * 100) / 100

/** The rectangles of one series as one path. */
function stacked(values: readonly number[], below: readonly number[], end: number): string {
  return values
    .map((value, index) => {
      if (value === 0) return ''
      const height = rounded((value / end) * HEIGHT)
      const bottom = rounded(HEIGHT - ((below[index] ?? 0) / end) * HEIGHT)
      return `M${index * WIDTH + GAP} ${bottom}v${-height}h${WIDTH - 2 * GAP}v${height}z`
    })
    .join('')
}

/** Times of columns are shown in UTC, by which the columns are cut. */
const timeFormat = (frame: PageFrame, columnMs: number) =>
  new Intl.DateTimeFormat(frame.language, {
    timeZone: 'UTC',
    ...(columnMs < DAY_MS && { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    ...(columnMs !== 3_600_000 && { month: 'short', day: 'numeric' }),
  })

export function ColumnChart(props: ChartProps) {
  const { frame, title, columns, columnMs } = props
  const t = frame.t.dashboard
  const series = props.series.filter(({ values }) => sum(values) > 0)
  if (series.length === 0) return <p class="py-14 text-center text-sm text-muted">{t.noActivity}</p>
  const totals = columns.map((_, index) => sum(series.map(({ values }) => values[index] ?? 0)))
  const end = scaleEnd(Math.max(...totals))
  const below = columns.map(() => 0)
  const paths = series.map(({ tone, values }) => {
    const d = stacked(values, below, end)
    for (const [index, value] of values.entries()) below[index] = (below[index] ?? 0) + value
    return <path class={`chart-${tone}`} d={d} />
  })
  const format = timeFormat(frame, columnMs)
  const timeOf = (index: number) => format.format(columns[index])
  const describe = (index: number) =>
    [
      `${timeOf(index)} UTC`,
      ...series.map(({ label, values }) => `${label}: ${figure(frame, values[index] ?? 0)}`),
    ].join('\n')
  const width = columns.length * WIDTH
  return (
    <>
      <div class="chart-area">
        <div class="chart-scale" aria-hidden="true">
          {[end, end / 2, 0].map((value) => (
            <span>{shortFigure(frame, value)}</span>
          ))}
        </div>
        <svg
          class="chart-plot"
          viewBox={`0 0 ${width} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t.chartOf(title, figure(frame, sum(totals)))}
        >
          <path class="chart-grid" d={[0, HEIGHT / 2, HEIGHT].map((y) => `M0 ${y}h${width}`).join('')} />
          {paths}
          {columns.map((_, index) => (
            <path class="chart-column" d={`M${index * WIDTH} 0h${WIDTH}v${HEIGHT}h${-WIDTH}z`}>
              <title>{describe(index)}</title>
            </path>
          ))}
        </svg>
      </div>
      <p class="chart-times" aria-hidden="true">
        <span>{timeOf(0)}</span>
        <span>{timeOf(Math.floor(columns.length / 2))}</span>
        <span>{timeOf(columns.length - 1)} UTC</span>
      </p>
      <ul class="chart-legend">
        {series.map(({ label, tone, values }) => (
          <li>
            <svg class="chart-swatch" viewBox="0 0 12 12" aria-hidden="true">
              <path class={`chart-${tone}`} d="M1 1h10v10h-10z" />
            </svg>
            {label} <b>{figure(frame, sum(values))}</b>
          </li>
        ))}
      </ul>
      <ChartTable frame={frame} title={title} series={series} times={columns.map((_, index) => timeOf(index))} />
    </>
  )
}

function ChartTable(props: {
  frame: PageFrame
  title: string
  series: readonly ChartSeries[]
  times: readonly string[]
}) {
  const { frame, title, series, times } = props
  const t = frame.t.dashboard
  return (
    <details class="chart-table">
      <summary>{t.asTable}</summary>
      <section tabindex="0" aria-label={title}>
        <table class="figures">
          <caption class="sr-only">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{t.timeColumn} (UTC)</th>
              {series.map(({ label }) => (
                <th scope="col" class="figure">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((time, index) => (
              <tr>
                <th scope="row">{time}</th>
                {series.map(({ values }) => (
                  <td class="figure">{figure(frame, values[index] ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

export interface Ranked {
  readonly label: string
  readonly href?: string
  readonly value: number
  readonly tone?: ChartTone
}

/** Names with bars, the longest of which is the whole width. */
export function Ranking(props: {
  frame: PageFrame
  caption: string
  nameColumn: string
  valueColumn: string
  rows: readonly Ranked[]
}) {
  const { frame, rows } = props
  const t = frame.t.dashboard
  if (rows.every(({ value }) => value === 0)) return <p class="py-14 text-center text-sm text-muted">{t.noActivity}</p>
  const highest = Math.max(...rows.map(({ value }) => value))
  return (
    <table class="ranking">
      <caption class="sr-only">{props.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{props.nameColumn}</th>
          <th scope="col">{props.valueColumn}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, href, value, tone = '1' }) => (
          <tr>
            <th scope="row" class="rank">
              <span class="wrap-anywhere">
                {href === undefined ? (
                  label
                ) : (
                  <a class="hover:underline" href={href}>
                    {label}
                  </a>
                )}
              </span>
              <svg class="meter-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <path class={`chart-${tone}`} d={`M0 0h${rounded((value / highest) * 100)}v4H0z`} />
              </svg>
            </th>
            <td class="rank-value">{figure(frame, value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The course of numbers, without scale: beside a figure that says how much. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const highest = Math.max(...values)
  if (highest === 0) return nothing
  const step = 100 / Math.max(values.length - 1, 1)
  const points = values.map((value, index) => `${rounded(index * step)} ${rounded(30 - (value / highest) * 28)}`)
  return (
    <svg class="sparkline" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
      <path d={`M${points.join('L')}`} />
    </svg>
  )
}
