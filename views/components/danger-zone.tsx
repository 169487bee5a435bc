import { type Child, Html } from '../html'

export interface DangerousAction {
  /** What a press leads to. */
  readonly text: Child
  readonly button: Child
}

/** Actions that are hard to undo, the least harmful first, each beside what it does. */
export const DangerRows = ({ actions }: { actions: readonly DangerousAction[] }) => (
  <ul class="divide-y divide-base-300">
    {actions.map(({ text, button }) => (
      <li class="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-5 py-4">
        <p class="min-w-48 flex-1 max-w-prose text-sm text-muted">{text}</p>
        {button}
      </li>
    ))}
  </ul>
)
