/** Runs before the first paint: the chosen theme, and a mark for what is shown only where scripts run. */
import { storedTheme } from './theme-store'

const root = document.documentElement
root.dataset.scripts = ''
const theme = storedTheme()
if (theme !== undefined) root.dataset.theme = theme
