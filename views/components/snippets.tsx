import { Html } from '../html'
import type { Messages } from '../messages'
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
        <div class="snippet-code">
          <pre tabindex="0">
            <code>{code}</code>
          </pre>
          <button
            type="button"
            class="code-copy needs-scripts"
            data-copy={code}
            aria-label={t.layout.copy(t.apps.snippets[id])}
          >
            <Icon name="copy" class="icon-copy size-3.5" />
            <Icon name="check" class="icon-copied size-3.5" />
          </button>
          <span class="sr-only" role="status" />
        </div>
      </details>
    ))}
  </div>
)
