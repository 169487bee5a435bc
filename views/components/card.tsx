import { type Child, classes, Html } from '../html'

export const Card = ({ class: extra, children }: { class?: string; children?: Child }) => (
  <div class={classes('panel panel-padded', extra)}>{children}</div>
)

/** A titled part of a page with its rows inside one frame. */
export const Section = (props: { id: string; title: string; text?: Child; action?: Child; children?: Child }) => (
  <section aria-labelledby={props.id} class="mt-8 not-first:mt-12">
    <div class="mb-3 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div class="max-w-prose">
        <h2 id={props.id} class="text-base font-semibold">
          {props.title}
        </h2>
        {props.text && <p class="mt-0.5 text-sm text-muted">{props.text}</p>}
      </div>
      {props.action}
    </div>
    {props.children}
  </section>
)
