import { Html } from '../html'
import type { Messages } from '../messages'
import { Icon } from './icon'

/** A secret that is shown this once: large, and in one piece for those who copy by hand. */
export const Secret = ({ t, label, value }: { t: Messages; label: string; value: string }) => (
  <div>
    <p class="field-label">{label}</p>
    <div class="secret">
      <code class="min-w-0 flex-1 break-all select-all">{value}</code>
      <button type="button" class="code-copy needs-scripts" data-copy={value} aria-label={t.layout.copy(label)}>
        <Icon name="copy" class="icon-copy size-4" />
        <Icon name="check" class="icon-copied size-4" />
      </button>
      <span class="sr-only" role="status" />
    </div>
  </div>
)
