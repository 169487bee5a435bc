import { type Child, classes, Html } from '../html'
import { Icon, type IconName } from './icon'

type Tone = 'error' | 'success' | 'info' | 'warning'

const ICONS: Record<Tone, IconName> = {
  error: 'circle-alert',
  success: 'circle-check',
  info: 'info',
  warning: 'triangle-alert',
}

/** A message about the whole page or form. An error interrupts a screen reader, the others wait for a pause. */
export const Alert = ({ tone, id, children }: { tone: Tone; id?: string; children?: Child }) => (
  <div id={id} class={classes('notice', `notice-${tone}`)} role={tone === 'error' ? 'alert' : 'status'}>
    <Icon name={ICONS[tone]} class="mt-0.5 size-4" />
    <div class="min-w-0 wrap-anywhere">{children}</div>
  </div>
)
