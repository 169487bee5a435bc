export type Theme = 'light' | 'dark'

const KEY = 'authgate-theme'

/** Storage may be forbidden by the browser; the system's preference rules then. */
export function storedTheme(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    return undefined
  }
}

export function storeTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // The choice then lasts as long as this page.
  }
}

export const themeChangedElsewhere = (event: StorageEvent): boolean => event.key === KEY
