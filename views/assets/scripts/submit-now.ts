/** Sends a form that only waits for the browser; its button is for browsers without scripts. */
export function submitNow(): void {
  document.querySelector<HTMLFormElement>('form[data-submit-now]')?.requestSubmit()
}
