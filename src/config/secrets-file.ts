/**
 * Secrets a loopback server makes for itself, so that `authgate server` works with nothing prepared.
 *
 * They are kept in one file of mode 0600 and survive restarts. Several processes that start together agree on the one
 * that was there first: the file is written completely under another name and then linked, which fails when it exists.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const SECRETS_FILE = 'authgate-secrets.env'

export interface GeneratedSecrets {
  readonly JWT_SECRET: string
  readonly SESSION_SECRET: string
}

/** The folder of the SQLite file, else the working directory. */
export const secretsFilePath = (sqlitePath: string | undefined, cwd: string): string =>
  join(sqlitePath === undefined || sqlitePath === ':memory:' ? cwd : dirname(resolve(cwd, sqlitePath)), SECRETS_FILE)

export function generateSecrets(): GeneratedSecrets {
  return { JWT_SECRET: randomBytes(32).toString('hex'), SESSION_SECRET: randomBytes(32).toString('hex') }
}

export interface KeptSecrets {
  readonly secrets: GeneratedSecrets
  /** By this very call. */
  readonly created: boolean
}

/** Undefined when there is no such file. Throws an `Error` for the operator when it cannot be used. */
export function readSecrets(file: string): KeptSecrets | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw new Error(`cannot read ${file}: ${(error as { code?: string }).code}`)
  }
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} is readable by others; set its mode to 0600`)
  const value = (name: string) => new RegExp(`^${name}=([0-9a-f]{64})$`, 'm').exec(text)?.[1]
  const [jwt, session] = [value('JWT_SECRET'), value('SESSION_SECRET')]
  if (!jwt || !session) throw new Error(`${file} is damaged; remove it to have new secrets made`)
  return { secrets: { JWT_SECRET: jwt, SESSION_SECRET: session }, created: false }
}

/** Reads the file, or makes it. Throws an `Error` for the operator when it can be neither read nor written. */
export function keepSecrets(file: string): KeptSecrets {
  const existing = readSecrets(file)
  if (existing) return existing
  const made = generateSecrets()
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(draft, `JWT_SECRET=${made.JWT_SECRET}\nSESSION_SECRET=${made.SESSION_SECRET}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    })
    linkSync(draft, file)
    return { secrets: made, created: true }
  } catch (error) {
    const code = (error as { code?: string }).code
    const other = code === 'EEXIST' ? readSecrets(file) : undefined
    if (other) return other
    throw new Error(`cannot write ${file}: ${code}; set JWT_SECRET and SESSION_SECRET instead`)
  } finally {
    rmSync(draft, { force: true })
  }
}
