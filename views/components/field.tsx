import { type Child, Html } from '../html'
import type { Messages } from '../messages'
import { Icon } from './icon'

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly autocomplete: string
  readonly value?: string
  readonly autofocus?: boolean
  readonly hint?: Child
  /** What is wrong with this field. */
  readonly error?: string
  /** Id of a message elsewhere that says what is wrong with this field among others. */
  readonly errorId?: string
}

const describedBy = ({ name, hint, error, errorId }: FieldProps) =>
  [error && `${name}-error`, errorId, hint && `${name}-hint`].filter(Boolean).join(' ') || undefined

const Label = ({ name, label }: FieldProps) => (
  <label class="field-label" for={name}>
    {label}
  </label>
)

const Notes = ({ name, hint, error }: FieldProps) => (
  <>
    {error && (
      <p id={`${name}-error`} class="field-error" role="alert">
        <Icon name="circle-alert" class="mt-0.5 size-4" />
        <span>{error}</span>
      </p>
    )}
    {hint && (
      <p id={`${name}-hint`} class="field-hint">
        {hint}
      </p>
    )}
  </>
)

interface TextFieldProps extends FieldProps {
  /** May stay empty. */
  readonly optional?: boolean
  readonly type?: 'text' | 'email' | 'url'
  readonly maxLength?: number
}

export const TextField = (props: TextFieldProps) => (
  <div>
    <Label {...props} />
    <input
      id={props.name}
      class="field-input"
      name={props.name}
      type={props.type ?? 'text'}
      value={props.value}
      maxlength={props.maxLength}
      autocomplete={props.autocomplete}
      autocapitalize="none"
      spellcheck="false"
      autofocus={props.autofocus}
      required={!props.optional}
      aria-invalid={props.error || props.errorId ? 'true' : undefined}
      aria-describedby={describedBy(props)}
    />
    <Notes {...props} />
  </div>
)

/** Text of several lines. */
export const TextArea = (
  props: FieldProps & { readonly optional?: boolean; readonly rows: number; readonly code?: boolean },
) => (
  <div>
    <Label {...props} />
    <textarea
      id={props.name}
      class={props.code ? 'field-area font-mono' : 'field-area'}
      name={props.name}
      rows={props.rows}
      autocomplete={props.autocomplete}
      autocapitalize={props.code ? 'none' : undefined}
      spellcheck={props.code ? 'false' : undefined}
      autofocus={props.autofocus}
      required={!props.optional}
      aria-invalid={props.error || props.errorId ? 'true' : undefined}
      aria-describedby={describedBy(props)}
    >
      {`\n${props.value ?? ''}`}
    </textarea>
    <Notes {...props} />
  </div>
)

/** With a switch to show what was typed and a caps-lock hint, both only where scripts run. */
export const PasswordField = (
  props: FieldProps & { readonly t: Messages; readonly minLength?: number; readonly optional?: boolean },
) => (
  <div data-password>
    <Label {...props} />
    <div class="relative">
      <input
        id={props.name}
        class="field-input pr-11"
        name={props.name}
        type="password"
        autocomplete={props.autocomplete}
        autocapitalize="none"
        spellcheck="false"
        autofocus={props.autofocus}
        minlength={props.minLength}
        required={!props.optional}
        aria-invalid={props.error || props.errorId ? 'true' : undefined}
        aria-describedby={describedBy(props)}
      />
      <button
        type="button"
        class="field-button needs-scripts"
        data-reveal={props.name}
        aria-pressed="false"
        aria-label={props.t.layout.showPassword}
      >
        <Icon name="eye" class="icon-shown size-4.5" />
        <Icon name="eye-off" class="icon-hidden size-4.5" />
      </button>
    </div>
    <p class="field-hint" data-caps-lock role="status" hidden>
      {props.t.layout.capsLock}
    </p>
    <Notes {...props} />
  </div>
)

export const Checkbox = (props: { name: string; value: string; label: string; checked: boolean }) => (
  <label class="flex cursor-pointer items-center gap-2.5 text-sm">
    <input
      class="checkbox checkbox-sm checkbox-primary"
      type="checkbox"
      name={props.name}
      value={props.value}
      checked={props.checked}
    />
    <span>{props.label}</span>
  </label>
)

/** A form of this server; every one carries the token against cross-site requests. */
export const Form = (props: { action: string; token: string; class?: string; children?: Child }) => (
  <form method="post" action={props.action} class={props.class}>
    <input type="hidden" name="csrf_token" value={props.token} />
    {props.children}
  </form>
)

export const Hidden = ({ name, value }: { name: string; value: string }) => (
  <input type="hidden" name={name} value={value} />
)

/** A one-time code; phones and password managers offer it by themselves. */
export const CodeField = (props: {
  readonly name: string
  readonly label: string
  readonly error?: string
  /** Another field comes first. */
  readonly later?: boolean
}) => (
  <div>
    <Label {...props} autocomplete="one-time-code" />
    <input
      id={props.name}
      class="field-input font-mono tracking-widest"
      name={props.name}
      type="text"
      autocomplete="one-time-code"
      autocapitalize="none"
      spellcheck="false"
      maxlength="32"
      autofocus={!props.later}
      required
      aria-invalid={props.error ? 'true' : undefined}
      aria-describedby={props.error ? `${props.name}-error` : undefined}
    />
    <Notes {...props} autocomplete="one-time-code" />
  </div>
)
