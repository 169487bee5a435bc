import { Html } from '../html'
import type { Messages } from '../messages'
import { CodeLines } from './code-block'
import { Icon } from './icon'

export interface SnippetView {
  readonly id: 'device' | 'code' | 'credentials' | 'userinfo'
  readonly code: string
}

/** Programs to copy; the first one is open. */
export const Snippets = ({ t, snippets }: { t: Messages; snippets: readonly SnippetView[] }) => (
  <div class="panel overflow-clip">
    {snippets.map(({ id, code }, index) => (
      <details class="snippet" open={index === 0}>
        <summary>
          <Icon name="terminal" class="size-4 text-muted" />
          <span class="min-w-0 flex-1">
            {t.apps.snippets[id]}
            <span class="block text-xs font-normal text-muted">{t.apps.snippets[`${id}Text`]}</span>
          </span>
          <Icon name="chevron-down" class="icon-open size-4" />
        </summary>
        <CodeLines t={t} label={t.apps.snippets[id]} code={code} />
      </details>
    ))}
  </div>
)
