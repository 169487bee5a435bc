import type { PageFrame } from '../frame'
import { Html } from '../html'

/** The built-in mark, a keyhole in a gate, in the accent colour. The same drawing as views/assets/icon.svg. */
const Mark = () => (
  <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect class="brand-ground" width="32" height="32" rx="8" />
    <g class="brand-lines" fill="none" stroke-linecap="round">
      <path d="M8.5 24V15a7.5 7.5 0 0 1 15 0v9" stroke-width="3" />
      <path d="M16 17.5V24" stroke-width="2.6" />
      <circle cx="16" cy="16.6" r="1.3" stroke-width="2.6" />
    </g>
  </svg>
)

/** Product mark and name; the mark alone says nothing that the name does not say. */
export const Brand = ({ frame, large }: { frame: PageFrame; large?: boolean }) => (
  <span class={large ? 'brand brand-large' : 'brand'}>
    {frame.logoUrl ? <img class="brand-mark" src={frame.logoUrl} alt="" /> : <Mark />}
    <span class="brand-name">{frame.productName}</span>
  </span>
)
