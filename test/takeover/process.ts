/** A process of its own that takes over the database of the settings in its argument, to be killed while it does. */
import { takeOver } from '../../src/takeover/take-over'
import { testSettings } from '../support/settings'

const settings = testSettings(JSON.parse(process.argv[2] ?? '{}'))
process.stdout.write('begins\n')
await takeOver({ settings, tell: () => {}, nowMs: Date.now() })
process.exit(0)
