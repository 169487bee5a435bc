/** A second press while the first is under way sends nothing. */
export function submitOnce(): void {
  for (const form of document.querySelectorAll('form')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.busy !== undefined) return event.preventDefault()
      form.dataset.busy = ''
    })
  }
  // A page that comes back from the browser's memory must be usable again.
  addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form')) delete form.dataset.busy
  })
}
