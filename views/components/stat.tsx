import { type Child, classes, Html } from '../html'

/** One figure with its name, which may lead to what is counted. */
export const Stat = (props: {
  label: string
  value: string
  href?: string
  detail?: Child
  /** A curve beside the figure. */
  curve?: Child
  /** Something waits for the reader. */
  waits?: boolean
}) => (
  <div class={classes('panel stat-card', props.waits && 'stat-waits')}>
    <p class="text-sm text-muted">
      {props.href === undefined ? (
        props.label
      ) : (
        <a class="hover:text-base-content" href={props.href}>
          {props.label}
        </a>
      )}
    </p>
    <div class="mt-2.5 flex items-end justify-between gap-3">
      <p class="stat-value">{props.value}</p>
      {props.curve}
    </div>
    {props.detail && <p class="mt-2.5 text-sm text-muted">{props.detail}</p>}
  </div>
)
