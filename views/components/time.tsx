import { Html } from '../html'
import type { Messages } from '../messages'

const pad = (n: number) => String(n).padStart(2, '0')

/** `2026-03-01 14:05 UTC`: what somebody sees whose browser runs no scripts. */
const utc = (at: Date) =>
  `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())} UTC`

/** A moment; the script turns it into "3 minutes ago" in the reader's zone and keeps it up to date. */
export const Time = ({ at }: { at: Date }) => (
  <time datetime={at.toISOString()} data-relative>
    {utc(at)}
  </time>
)

/** A deadline; the script counts down ("in 4:31"). */
export const Deadline = ({ t, at }: { t: Messages; at: Date }) => (
  <time datetime={at.toISOString()} data-countdown>
    {t.layout.deadline(utc(at))}
  </time>
)
