import { type Child, classes, Html } from '../html'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

const LOOKS: Record<Look, string> = {
  primary: 'btn-primary',
  plain: 'btn-plain',
  quiet: 'btn-ghost',
  danger: 'btn-danger',
}

interface ButtonProps {
  readonly look?: Look
  readonly small?: boolean
  /** As wide as its column. */
  readonly wide?: boolean
  readonly children?: Child
}

const buttonClass = ({ look = 'primary', small, wide }: ButtonProps) =>
  classes('btn', LOOKS[look], small && 'btn-sm', wide && 'w-full')

/** Sends its form; `name` and `value` say which of several buttons was pressed. */
export const SubmitButton = (
  props: ButtonProps & { readonly name?: string; readonly value?: string; readonly describes?: string },
) => (
  <button type="submit" class={buttonClass(props)} name={props.name} value={props.value} aria-label={props.describes}>
    {props.children}
  </button>
)

/** Looks like a button, goes somewhere; with `remember` it takes along the choice to stay signed in. */
export const LinkButton = (props: ButtonProps & { readonly href: string; readonly remember?: boolean }) => (
  <a class={buttonClass(props)} href={props.href} data-remember={props.remember}>
    {props.children}
  </a>
)

/** Opens the dialog with the given id: without JavaScript as a popover, with it as a modal dialog. */
export const OpenButton = (props: ButtonProps & { readonly dialog: string; readonly describes?: string }) => (
  <button
    type="button"
    class={buttonClass(props)}
    popovertarget={props.dialog}
    data-opens={props.dialog}
    aria-haspopup="dialog"
    aria-label={props.describes}
  >
    {props.children}
  </button>
)
