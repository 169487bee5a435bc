import { type Child, Html } from '../html'

export interface Option {
  readonly value: string
  readonly label: string
  /** What choosing it means. */
  readonly text?: Child
}

/** One of a few, each with what it means. */
export const RadioGroup = (props: {
  name: string
  legend: string
  options: readonly Option[]
  value?: string | undefined
  hint?: Child
  error?: string | undefined
  disabled?: boolean
}) => (
  <fieldset
    disabled={props.disabled}
    aria-describedby={
      [props.error && `${props.name}-error`, props.hint && `${props.name}-hint`].filter(Boolean).join(' ') || undefined
    }
  >
    <legend class="field-label">{props.legend}</legend>
    {props.error && (
      <p id={`${props.name}-error`} class="field-error mb-2" role="alert">
        {props.error}
      </p>
    )}
    <div class="grid gap-2">
      {props.options.map(({ value, label, text }) => (
        <label class="option">
          <input
            class="radio radio-sm radio-primary"
            type="radio"
            name={props.name}
            value={value}
            checked={value === props.value}
            required
          />
          <span class="min-w-0">
            <span class="block font-medium">{label}</span>
            {text && <span class="block text-muted">{text}</span>}
          </span>
        </label>
      ))}
    </div>
    {props.hint && (
      <p id={`${props.name}-hint`} class="field-hint">
        {props.hint}
      </p>
    )}
  </fieldset>
)

/** Several that can be on at once, each with what it means. They send `true`. */
export const TickGroup = (props: {
  id: string
  legend: string
  hint?: Child
  error?: string | undefined
  options: readonly { readonly name: string; readonly label: string; readonly text: Child; readonly on: boolean }[]
}) => (
  <fieldset
    id={props.id}
    aria-describedby={
      [props.error && `${props.id}-error`, props.hint && `${props.id}-hint`].filter(Boolean).join(' ') || undefined
    }
  >
    <legend class="field-label">{props.legend}</legend>
    {props.error && (
      <p id={`${props.id}-error`} class="field-error mb-2" role="alert">
        {props.error}
      </p>
    )}
    <div class="grid gap-2">
      {props.options.map(({ name, label, text, on }) => (
        <label class="option">
          <input class="checkbox checkbox-sm checkbox-primary" type="checkbox" name={name} value="true" checked={on} />
          <span class="min-w-0">
            <span class="block font-medium">{label}</span>
            <span class="block text-muted">{text}</span>
          </span>
        </label>
      ))}
    </div>
    {props.hint && (
      <p id={`${props.id}-hint`} class="field-hint">
        {props.hint}
      </p>
    )}
  </fieldset>
)

/** One of several, in one line. */
export const Select = (props: {
  name: string
  label: string
  options: readonly Option[]
  value: string | undefined
  /** The label is for screen readers: the value says what it is. */
  plain?: boolean
}) => (
  <div>
    <label class={props.plain ? 'sr-only' : 'field-label'} for={props.name}>
      {props.label}
    </label>
    <select id={props.name} name={props.name} class="field-select">
      {props.options.map(({ value, label }) => (
        <option value={value} selected={value === props.value}>
          {label}
        </option>
      ))}
    </select>
  </div>
)
