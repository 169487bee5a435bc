import type { ScopeView } from '../describe'
import { Html } from '../html'
import { Icon, type IconName } from './icon'

const GROUPS: readonly { group: ScopeView['group']; title: string; icon: IconName }[] = [
  { group: 'identity', title: 'Your identity', icon: 'id-card' },
  { group: 'reading', title: 'Reading', icon: 'eye' },
  { group: 'changing', title: 'Changing', icon: 'pencil' },
  { group: 'staying', title: 'Staying signed in', icon: 'refresh-cw' },
  { group: 'other', title: 'Other permissions', icon: 'key-round' },
]

/** Scopes in plain words, what matters alike together. */
export const ScopeList = ({ scopes }: { scopes: readonly ScopeView[] }) => (
  <ul class="scope-list">
    {GROUPS.map(({ group, title, icon }) => {
      const own = scopes.filter((scope) => scope.group === group)
      if (own.length === 0) return undefined
      return (
        <li>
          <Icon name={icon} class="mt-0.5 size-4 text-muted" />
          <div class="min-w-0">
            <p class="text-xs text-muted">{title}</p>
            <ul>
              {own.map(({ text }) => (
                <li class="wrap-anywhere">{text}</li>
              ))}
            </ul>
          </div>
        </li>
      )
    })}
  </ul>
)
