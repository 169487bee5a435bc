/** A process of its own that takes or restores a backup with the settings in its argument, to be killed while it does. */
import { backup, restore } from '../../src/commands/backup/backup'

const [, , name = '', file = '', env = '{}'] = process.argv
process.stdout.write('begins\n')
const surroundings = { env: JSON.parse(env), cwd: '/', output: { out: () => {}, error: () => {} } }
process.exit(await (name === 'backup' ? backup : restore)([file], surroundings))
