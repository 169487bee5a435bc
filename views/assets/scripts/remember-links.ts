/** Links to other sign-in pages take the choice to stay signed in with them. */
export function rememberLinks(): void {
  const box = document.querySelector<HTMLInputElement>('input[type=checkbox][name=remember_me]')
  const links = document.querySelectorAll<HTMLAnchorElement>('a[data-remember]')
  if (!box || links.length === 0) return
  const follow = () => {
    for (const link of links) {
      const url = new URL(link.href)
      if (box.checked) url.searchParams.set('remember_me', '1')
      else url.searchParams.delete('remember_me')
      link.href = url.href
    }
  }
  box.addEventListener('change', follow)
  // The browser may bring the mark back with the page.
  addEventListener('pageshow', follow)
}
