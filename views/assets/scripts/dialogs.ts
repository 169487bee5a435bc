/** Confirmations become modal dialogs, and the account menu closes like a menu. Without scripts both still open. */

function dialogOf(id: string | undefined): HTMLDialogElement | undefined {
  const dialog = id === undefined ? null : document.getElementById(id)
  return dialog instanceof HTMLDialogElement ? dialog : undefined
}

export function dialogs(): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-opens]')) {
    button.addEventListener('click', (event) => {
      event.preventDefault()
      dialogOf(button.dataset.opens)?.showModal()
    })
  }
  for (const button of document.querySelectorAll<HTMLElement>('[data-closes]')) {
    button.addEventListener('click', (event) => {
      event.preventDefault()
      dialogOf(button.dataset.closes)?.close()
    })
  }
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => {
      // Only the backdrop is the dialog itself: the rest of it is covered by the elements inside, or is its padding.
      const { left, right, top, bottom } = dialog.getBoundingClientRect()
      const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom
      if (event.target === dialog && !inside) dialog.close()
    })
  }
}

export function menus(): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('[data-menu]')) {
    document.addEventListener('click', (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false
    })
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !menu.open) return
      menu.open = false
      menu.querySelector('summary')?.focus()
    })
  }
}
