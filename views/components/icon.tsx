import { icons } from '../assets/generated/icons'
import { classes, Html, raw } from '../html'

export type IconName = keyof typeof icons

/** A drawing beside text that says the same; for the eye only. */
export const Icon = ({ name, class: extra = 'size-4' }: { name: IconName; class?: string }) => (
  <svg
    class={classes('shrink-0', extra)}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    {raw(icons[name])}
  </svg>
)
