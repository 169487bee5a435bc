import { type Child, Html } from '../html'
import { Icon } from './icon'

interface PasskeyFormProps {
  readonly action: string
  /** Where the challenge comes from. */
  readonly options: string
  readonly token: string
  readonly label: string
  /** The one thing to do on the page. */
  readonly main?: boolean
  /** Makes a new passkey; default: asks for one that there is. */
  readonly create?: boolean
  /** Where to go when the server wants something else first. */
  readonly first?: string
  readonly fields?: Child
  /** Stands between the form and what is above it. */
  readonly separator?: string
}

/** Answered by an authenticator. Hidden, until a script finds that the browser can ask one. */
export const PasskeyForm = (props: PasskeyFormProps) => (
  <form
    method="post"
    action={props.action}
    data-passkey={props.create ? 'create' : 'get'}
    data-options={props.options}
    data-first={props.first}
    hidden
  >
    <input type="hidden" name="csrf_token" value={props.token} />
    <input type="hidden" name="credential" value="" />
    {props.separator && (
      <p class="my-5 flex items-center gap-3 text-xs text-muted before:h-px before:grow before:bg-base-300 after:h-px after:grow after:bg-base-300">
        {props.separator}
      </p>
    )}
    {props.fields}
    <button
      type="button"
      class={`btn ${props.create || props.main ? 'btn-primary' : 'btn-plain'} ${props.create ? '' : 'w-full'}`}
      data-passkey-start
    >
      <Icon name="key-round" class="size-4" />
      {props.label}
    </button>
    <p class="field-error" data-passkey-problem hidden />
  </form>
)
