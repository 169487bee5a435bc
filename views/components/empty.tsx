import { type Child, Html } from '../html'
import { Icon, type IconName } from './icon'

/** What a list says when it has no rows: what would be here, and the first step. */
export const Empty = (props: { icon: IconName; title: string; text: string; action?: Child }) => (
  <div class="panel flex flex-col items-center px-6 py-12 text-center">
    <div class="icon-tile mb-4">
      <Icon name={props.icon} class="size-5" />
    </div>
    <p class="font-medium">{props.title}</p>
    <p class="mt-1 max-w-sm text-sm text-muted">{props.text}</p>
    {props.action && <div class="mt-5">{props.action}</div>}
  </div>
)
