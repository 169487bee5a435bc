/** The executable. */
import { dispatch } from './commands/dispatch'
import { terminal } from './commands/output'
import { errorText } from './log'

const surroundings = { env: process.env, cwd: process.cwd(), output: terminal }

process.exit(
  await dispatch(process.argv.slice(2), surroundings).catch((thrown) => {
    terminal.error(`authgate: unexpected error ${errorText(thrown)}`)
    return 1
  }),
)
