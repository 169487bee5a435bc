/** Moments as "3 minutes ago" and deadlines as a countdown, the exact local time on hover. */
import { pageLanguage, texts } from './texts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const words = new Intl.RelativeTimeFormat(pageLanguage, { numeric: 'always' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })
const day = new Intl.DateTimeFormat(pageLanguage, { dateStyle: 'medium' })

const secondsFromNow = (time: HTMLTimeElement): number => (Date.parse(time.dateTime) - Date.now()) / 1000

function relative(time: HTMLTimeElement): string {
  const seconds = secondsFromNow(time)
  const distance = Math.abs(seconds)
  const count = (unit: number) => Math.trunc(seconds / unit)
  if (distance < MINUTE) return seconds <= 0 ? texts.justNow : texts.inLessThanAMinute
  if (distance < HOUR) return words.format(count(MINUTE), 'minute')
  if (distance < DAY) return words.format(count(HOUR), 'hour')
  if (distance <= 30 * DAY) return words.format(count(DAY), 'day')
  return day.format(new Date(time.dateTime))
}

function countdown(time: HTMLTimeElement): string {
  const seconds = Math.ceil(secondsFromNow(time))
  if (seconds <= 0) return texts.now
  if (seconds >= HOUR) return relative(time)
  const rest = String(seconds % MINUTE).padStart(2, '0')
  return texts.countdown(`${Math.trunc(seconds / MINUTE)}:${rest}`)
}

export function times(): void {
  const moments = [...document.querySelectorAll<HTMLTimeElement>('time[data-relative]')]
  const deadlines = [...document.querySelectorAll<HTMLTimeElement>('time[data-countdown]')]
  const write = (list: readonly HTMLTimeElement[], text: (time: HTMLTimeElement) => string) => {
    for (const time of list) time.textContent = text(time)
  }
  for (const time of [...moments, ...deadlines]) time.title = exact.format(new Date(time.dateTime))
  write(moments, relative)
  write(deadlines, countdown)
  if (moments.length > 0) setInterval(() => write(moments, relative), 30_000)
  if (deadlines.length > 0) setInterval(() => write(deadlines, countdown), 1000)
}
