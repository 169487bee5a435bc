/** Writes `.env.example` from the settings table. */
import { join } from 'node:path'
import { envExample } from '../src/config/describe'

await Bun.write(join(import.meta.dir, '../.env.example'), envExample())
