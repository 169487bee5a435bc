import { assetUrl } from '../assets'
import type { PageFrame } from '../frame'
import { Html } from '../html'

/** Product mark and name; the mark alone says nothing that the name does not say. */
export const Brand = ({ frame, large }: { frame: PageFrame; large?: boolean }) => (
  <span class={large ? 'brand brand-large' : 'brand'}>
    <img
      class="brand-mark"
      src={frame.logoUrl || assetUrl(frame, 'icon.svg')}
      alt=""
      width={large ? 40 : 24}
      height={large ? 40 : 24}
    />
    <span class="brand-name">{frame.productName}</span>
  </span>
)
