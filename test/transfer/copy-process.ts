/** A process of its own that copies one database into another, to be killed while it does. */
import { copy } from '../../src/commands/copy/copy'

const [, , from = '', to = ''] = process.argv
process.stdout.write('begins\n')
const output = { out: () => {}, error: () => {} }
process.exit(await copy(['--from', from, '--to', to], { env: {}, cwd: '/', output }))
