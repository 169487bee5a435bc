import { type Child, Html } from '../html'
import type { Messages } from '../messages'
import { SubmitButton } from './button'
import { Form } from './field'

/**
 * Says what a press will do, then asks once more. `OpenButton` opens it. The way out is focused first, so that a hasty
 * Enter destroys nothing.
 */
export const Confirm = (props: {
  t: Messages
  id: string
  title: string
  action: string
  token: string
  confirmLabel: string
  /** Default: what it does is hard to undo. */
  look?: 'danger' | 'primary'
  /** Sent along with the form. */
  fields?: Child
  children?: Child
}) => (
  <dialog id={props.id} popover="auto" class="dialog" aria-labelledby={`${props.id}-title`}>
    <h2 id={`${props.id}-title`} class="text-base font-semibold wrap-anywhere">
      {props.title}
    </h2>
    <div class="mt-2 text-sm text-muted wrap-anywhere">{props.children}</div>
    <Form action={props.action} token={props.token} class="mt-6 flex flex-wrap justify-end gap-2">
      {props.fields}
      <button
        type="button"
        class="btn btn-plain"
        popovertarget={props.id}
        popovertargetaction="hide"
        data-closes={props.id}
        autofocus
      >
        {props.t.layout.cancel}
      </button>
      <SubmitButton look={props.look ?? 'danger'}>{props.confirmLabel}</SubmitButton>
    </Form>
  </dialog>
)
