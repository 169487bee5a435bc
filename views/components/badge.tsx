import { type Child, classes, Html } from '../html'
import { Icon, type IconName } from './icon'

type Tone = 'neutral' | 'good' | 'warning' | 'bad' | 'accent'

export const Badge = ({ tone = 'neutral', icon, children }: { tone?: Tone; icon?: IconName; children?: Child }) => (
  <span class={classes('tag', `tag-${tone}`)}>
    {icon && <Icon name={icon} class="size-3.5" />}
    {children}
  </span>
)
