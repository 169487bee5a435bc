/**
 * The user code: one real input, mirrored into eight boxes behind it. Whatever is typed or pasted is read as a person
 * means it: any case, with or without dashes and blanks.
 */

const LENGTH = 8
// A pasted sentence is not a code; a pasted link is, when it carries one.
const codeInLink = (text: string): string => /[?&]user_code=([^&#\s]+)/.exec(text)?.[1] ?? text
const normalise = (text: string): string =>
  codeInLink(text)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, LENGTH)

function mirror(input: HTMLInputElement, boxes: readonly HTMLElement[]): void {
  const start = input.selectionStart ?? 0
  const end = input.selectionEnd ?? start
  const focused = document.activeElement === input
  // The cursor behind the last letter of a full code has no box of its own.
  const cursor = Math.min(start, LENGTH - 1)
  for (const [i, box] of boxes.entries()) {
    box.textContent = input.value[i] ?? ''
    const active = focused && (start === end ? i === cursor : i >= start && i < end)
    box.toggleAttribute('data-active', active)
  }
}

export function userCodeFields(): void {
  for (const field of document.querySelectorAll('[data-user-code]')) {
    const input = field.querySelector('input')
    const boxes = [...field.querySelectorAll<HTMLElement>('[data-box]')]
    if (!input || boxes.length !== LENGTH) continue

    const show = () => mirror(input, boxes)
    // The browser puts the cursor before a code that the page brought along.
    const cursorToEnd = () => {
      if (input.selectionEnd === 0) input.setSelectionRange(LENGTH, LENGTH)
    }
    const accept = () => {
      const atEnd = input.selectionStart === input.value.length
      const before = input.value.slice(0, input.selectionStart ?? 0)
      const code = normalise(input.value)
      if (code !== input.value) {
        input.value = code
        const cursor = atEnd ? code.length : normalise(before).length
        input.setSelectionRange(cursor, cursor)
      }
      show()
    }
    // The limit is for the plain field; here it would cut a pasted link short.
    input.removeAttribute('maxlength')
    input.addEventListener('input', accept)
    input.addEventListener('focus', () => {
      cursorToEnd()
      show()
    })
    input.addEventListener('blur', show)
    document.addEventListener('selectionchange', show)
    accept()
    if (document.activeElement === input) cursorToEnd()
  }
}
