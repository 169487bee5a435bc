/** Password fields: show what was typed, and say when Caps Lock is on. */

export function passwordFields(): void {
  for (const field of document.querySelectorAll('[data-password]')) {
    const input = field.querySelector('input')
    const reveal = field.querySelector('button')
    const hint = field.querySelector<HTMLElement>('[data-caps-lock]')
    if (!input || !reveal || !hint) continue

    const show = (shown: boolean) => {
      input.type = shown ? 'text' : 'password'
      reveal.setAttribute('aria-pressed', String(shown))
    }
    reveal.addEventListener('click', () => {
      show(input.type === 'password')
      input.focus()
    })
    // A field left readable would be remembered by the browser as ordinary text.
    input.form?.addEventListener('submit', () => show(false))

    const capsLock = (event: KeyboardEvent | MouseEvent) => {
      hint.hidden = !event.getModifierState('CapsLock')
    }
    input.addEventListener('keydown', capsLock)
    input.addEventListener('keyup', capsLock)
    input.addEventListener('mousedown', capsLock)
    input.addEventListener('blur', () => {
      hint.hidden = true
    })
  }
}
