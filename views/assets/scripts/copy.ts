/** Buttons that copy a value. The clipboard API exists on https only; elsewhere the old way is used. */
import { texts } from './texts'

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  return copied
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-copy]')) {
    const status = button.parentElement?.querySelector('[role=status]')
    button.addEventListener('click', async () => {
      const copied = await copyText(button.dataset.copy ?? '')
      button.focus()
      if (status) status.textContent = copied ? texts.copied : texts.copyFailed
      if (!copied) return
      button.dataset.copied = ''
      setTimeout(() => {
        delete button.dataset.copied
        if (status) status.textContent = ''
      }, 1500)
    })
  }
}
