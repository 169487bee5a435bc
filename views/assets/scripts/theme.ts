/** The switch between light and dark; follows the system until somebody chooses, and other tabs after that. */
import { texts } from './texts'
import { storedTheme, storeTheme, type Theme, themeChangedElsewhere } from './theme-store'

const root = document.documentElement
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')

const shownTheme = (): Theme => {
  const chosen = root.dataset.theme
  if (chosen === 'light' || chosen === 'dark') return chosen
  return systemIsDark.matches ? 'dark' : 'light'
}

const otherTheme = (): Theme => (shownTheme() === 'dark' ? 'light' : 'dark')

function label(): void {
  for (const text of document.querySelectorAll('[data-theme-label]'))
    text.textContent = otherTheme() === 'dark' ? texts.toDark : texts.toLight
}

export function themeSwitch(): void {
  label()
  for (const button of document.querySelectorAll('[data-theme-switch]')) {
    button.addEventListener('click', () => {
      const theme = otherTheme()
      root.dataset.theme = theme
      storeTheme(theme)
      label()
    })
  }
  systemIsDark.addEventListener('change', label)
  addEventListener('storage', (event) => {
    const theme = storedTheme()
    if (!themeChangedElsewhere(event) || theme === undefined) return
    root.dataset.theme = theme
    label()
  })
}
