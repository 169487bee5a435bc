import { Html } from '../html'
import type { Messages } from '../messages'
import { Icon } from './icon'

const BRIEF = 13

const beginning = (value: string): string => (value.length > BRIEF + 1 ? `${value.slice(0, BRIEF)}…` : value)

/**
 * A value to compare or quote letter by letter, with a button that copies it where scripts run. `brief`: only its
 * beginning is shown, in lists whose rows lead to a page with all of it.
 */
export const CodeBlock = ({
  t,
  label,
  value,
  brief,
}: {
  t: Messages
  label: string
  value: string
  brief?: boolean
}) => (
  <span class="code-block">
    {brief ? (
      <code class="whitespace-nowrap" title={value}>
        {beginning(value)}
      </code>
    ) : (
      <code class="min-w-0 break-all">{value}</code>
    )}
    <button type="button" class="code-copy needs-scripts" data-copy={value} aria-label={t.layout.copy(label)}>
      <Icon name="copy" class="icon-copy size-3.5" />
      <Icon name="check" class="icon-copied size-3.5" />
    </button>
    <span class="sr-only" role="status" />
  </span>
)

/** Code of several lines, kept as they are, with a button that copies it where scripts run. */
export const CodeLines = ({ t, label, code }: { t: Messages; label: string; code: string }) => (
  <div class="snippet-code">
    <pre tabindex="0">
      <code>{code}</code>
    </pre>
    <button type="button" class="code-copy needs-scripts" data-copy={code} aria-label={t.layout.copy(label)}>
      <Icon name="copy" class="icon-copy size-3.5" />
      <Icon name="check" class="icon-copied size-3.5" />
    </button>
    <span class="sr-only" role="status" />
  </div>
)
