import { type Child, classes, Html } from '../html'
import { Icon, type IconName } from './icon'

type Tone = 'neutral' | 'good' | 'warning' | 'bad' | 'accent'

interface BadgeProps {
  readonly tone?: Tone
  readonly icon?: IconName
  /** A word of ours, which is never broken. */
  readonly whole?: boolean
  readonly children?: Child
}

export const Badge = ({ tone = 'neutral', icon, whole, children }: BadgeProps) => (
  <span class={classes('tag', `tag-${tone}`, whole && 'whitespace-nowrap')}>
    {icon && <Icon name={icon} class="size-3.5" />}
    {children}
  </span>
)
