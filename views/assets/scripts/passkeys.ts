/**
 * Forms whose answer an authenticator gives. They are hidden until a script finds that the browser can ask one: the
 * server is asked for a challenge, the authenticator for its answer, and the form brings it back.
 */
import { texts } from './texts'

interface Descriptor {
  readonly type: 'public-key'
  readonly id: string
  readonly transports: string[]
}

/** Members of the server's options that JSON cannot carry as they are. */
interface Options {
  readonly challenge: string
  readonly user?: { readonly id: string }
  readonly excludeCredentials?: readonly Descriptor[]
  readonly allowCredentials?: readonly Descriptor[]
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

function base64url(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

const withBytes = (list: readonly Descriptor[] = []) => list.map((each) => ({ ...each, id: bytes(each.id) }))

/** In the form of `PublicKeyCredential.parseCreationOptionsFromJSON`, which not every browser has. */
function publicKeyOptions(options: Options): unknown {
  const { challenge, user, excludeCredentials, allowCredentials } = options
  return {
    ...options,
    challenge: bytes(challenge),
    ...(user && { user: { ...user, id: bytes(user.id) } }),
    ...(excludeCredentials && { excludeCredentials: withBytes(excludeCredentials) }),
    ...(allowCredentials && { allowCredentials: withBytes(allowCredentials) }),
  }
}

/** In the form of `PublicKeyCredential.toJSON`. */
function answerOf(credential: PublicKeyCredential): unknown {
  const { id, rawId, type, response } = credential
  const clientDataJSON = base64url(response.clientDataJSON)
  const common = { id, rawId: base64url(rawId), type }
  if (response instanceof AuthenticatorAttestationResponse) {
    const attestationObject = base64url(response.attestationObject)
    return { ...common, response: { clientDataJSON, attestationObject, transports: response.getTransports?.() ?? [] } }
  }
  const { authenticatorData, signature, userHandle } = response as AuthenticatorAssertionResponse
  return {
    ...common,
    response: {
      clientDataJSON,
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
      ...(userHandle && { userHandle: base64url(userHandle) }),
    },
  }
}

/** Undefined when the page leads elsewhere first. */
async function fetchOptions(form: HTMLFormElement): Promise<Options | undefined> {
  const token = form.querySelector<HTMLInputElement>('[name=csrf_token]')?.value ?? ''
  const answer = await fetch(form.dataset.options ?? '', {
    method: 'POST',
    headers: { accept: 'application/json', 'x-csrf-token': token },
    credentials: 'same-origin',
  })
  if (answer.ok) return (await answer.json()) as Options
  // The sign-in is too long ago, or over: the page itself leads to what has to be done first.
  if (form.dataset.first !== undefined && (answer.status === 401 || answer.status === 403)) {
    location.assign(form.dataset.first)
    return undefined
  }
  throw new Error(String(answer.status))
}

async function ask(form: HTMLFormElement, options: Options): Promise<PublicKeyCredential | null> {
  const publicKey = publicKeyOptions(options)
  const credential =
    form.dataset.passkey === 'create'
      ? await navigator.credentials.create({ publicKey: publicKey as PublicKeyCredentialCreationOptions })
      : await navigator.credentials.get({ publicKey: publicKey as PublicKeyCredentialRequestOptions })
  return credential as PublicKeyCredential | null
}

/** Fields that say what a field of another form of the page says. */
function follow(form: HTMLFormElement): void {
  for (const field of form.querySelectorAll<HTMLInputElement>('[data-follows]')) {
    const box = document.querySelector<HTMLInputElement>(`input[type=checkbox][name="${field.dataset.follows}"]`)
    field.value = box?.checked ? box.value : ''
  }
}

async function answer(form: HTMLFormElement): Promise<void> {
  const field = form.querySelector<HTMLInputElement>('[name=credential]')
  const options = await fetchOptions(form)
  if (!field || !options) return
  const credential = await ask(form, options)
  if (!credential) return
  field.value = JSON.stringify(answerOf(credential))
  follow(form)
  form.requestSubmit()
}

function problem(error: unknown): string {
  const name = error instanceof DOMException ? error.name : ''
  return name === 'InvalidStateError' ? texts.passkeyKnown : texts.passkeyFailed
}

export function passkeyForms(): void {
  if (typeof PublicKeyCredential === 'undefined') return
  for (const excuse of document.querySelectorAll<HTMLElement>('[data-without-passkeys]')) excuse.hidden = true
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) {
    const button = form.querySelector<HTMLButtonElement>('[data-passkey-start]')
    const alert = form.querySelector<HTMLElement>('[data-passkey-problem]')
    alert?.setAttribute('role', 'alert')
    form.hidden = false
    const start = async () => {
      if (!button || button.disabled) return
      button.disabled = true
      if (alert) alert.hidden = true
      try {
        await answer(form)
      } catch (error) {
        if (alert) {
          alert.textContent = problem(error)
          alert.hidden = false
        }
      }
      button.disabled = false
    }
    button?.addEventListener('click', start)
    // Enter in a field starts the same; a form without an answer is never sent.
    form.addEventListener('submit', (event) => {
      if (form.querySelector<HTMLInputElement>('[name=credential]')?.value) return
      event.preventDefault()
      event.stopImmediatePropagation()
      start()
    })
  }
}
