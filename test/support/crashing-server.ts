/** A server in a process of its own that makes the mistake named by its first argument once it is up. */
import { terminal } from '../../src/commands/output'
import { server } from '../../src/commands/server'

const [, , mistake, folder = ''] = process.argv
const SECRET_TEXT = 'password=hunter2'

setTimeout(() => {
  if (mistake === 'rejection') void Promise.reject(new TypeError(SECRET_TEXT))
  else throw new RangeError(SECRET_TEXT)
}, 1_000)

const env = { SERVER_ADDR: '127.0.0.1:0', DATABASE_PATH: `${folder}/oauth.db` }
process.exit(await server(env, folder, terminal))
