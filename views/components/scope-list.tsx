import type { ScopeView } from '../describe'
import { Html } from '../html'
import type { Messages } from '../messages'
import { Icon, type IconName } from './icon'

const GROUPS: readonly { group: ScopeView['group']; icon: IconName }[] = [
  { group: 'identity', icon: 'id-card' },
  { group: 'reading', icon: 'eye' },
  { group: 'changing', icon: 'pencil' },
  { group: 'staying', icon: 'refresh-cw' },
  { group: 'other', icon: 'key-round' },
]

/** Scopes in plain words, what matters alike together. */
export const ScopeList = ({ t, scopes }: { t: Messages; scopes: readonly ScopeView[] }) => (
  <ul class="scope-list">
    {GROUPS.map(({ group, icon }) => {
      const own = scopes.filter((scope) => scope.group === group)
      if (own.length === 0) return undefined
      return (
        <li>
          <Icon name={icon} class="mt-0.5 size-4 text-muted" />
          <div class="min-w-0">
            <p class="text-xs text-muted">{t.things.scopeGroups[group]}</p>
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
