/** Where secrets come from, which ones are made, and which are refused. */
import { describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfiguration } from '../../src/config/load'
import { forgetSecrets } from '../../src/config/sources'
import { file, folder, PRODUCTION, pem, problems, SECRET, settings, warnings } from './support'

describe('the environment and .env', () => {
  test('the environment wins', () => {
    expect(settings({ LOGIN_RATE_LIMIT: '7' }, 'LOGIN_RATE_LIMIT=3').LOGIN_RATE_LIMIT).toBe(7)
  })
  test('an empty value there does not hide one of the file', () => {
    expect(settings({ LOGIN_RATE_LIMIT: '' }, 'LOGIN_RATE_LIMIT=3').LOGIN_RATE_LIMIT).toBe(3)
    expect(settings({ JWT_SECRET: '' }, `JWT_SECRET=${SECRET}x`).JWT_SECRET).toBe(`${SECRET}x`)
  })
  test('an empty value in the file is no value', () => {
    expect(settings({ JWT_KEY_ID: undefined }, 'JWT_KEY_ID= # optional').JWT_KEY_ID).toBe('')
    expect(settings({}, 'DYNAMIC_CLIENT_REGISTRATION_TOKEN= # Optional').DYNAMIC_CLIENT_REGISTRATION_TOKEN).toBe('')
    expect(problems(PRODUCTION, 'REDIS_PASSWORD=')).toEqual([])
  })
  test('a dollar sign in a password stays one', () => {
    const { DEFAULT_ADMIN_PASSWORD } = settings({}, 'DEFAULT_ADMIN_PASSWORD=Pa$$W0rd-long')
    expect(DEFAULT_ADMIN_PASSWORD).toBe('Pa$$W0rd-long')
  })
  test('a PEM over several lines, on one line in the file, and on one line in the environment is the same', () => {
    const key = pem('prime256v1')
    const algorithm = { JWT_SIGNING_ALGORITHM: 'ES256' }
    const oneLine = key.replaceAll('\n', '\\n')
    const read = [
      settings(algorithm, `JWT_PRIVATE_KEY_PEM="${key}"`),
      settings(algorithm, `JWT_PRIVATE_KEY_PEM='${key}'`),
      settings(algorithm, `JWT_PRIVATE_KEY_PEM="${oneLine}"`),
      settings({ ...algorithm, JWT_PRIVATE_KEY_PEM: oneLine }),
    ]
    expect(read.map((each) => each.JWT_PRIVATE_KEY_PEM)).toEqual([key, key, key, key])
  })
  test('no other file is read', () => {
    const cwd = folder()
    for (const name of ['.env.local', '.env.production', '.env.development'])
      writeFileSync(join(cwd, name), 'JWT_DOMAIN=x')
    const env = { JWT_SECRET: SECRET, SESSION_SECRET: SECRET }
    expect(loadConfiguration({ env, cwd, write: false }).settings.JWT_DOMAIN).toBe('')
  })
})

describe('<NAME>_FILE', () => {
  test('one trailing newline is not part of the secret', () => {
    const long = 'ab01'.repeat(16).replace('ab', 'cdef9876')
    const read = (text: string) => settings({ JWT_SECRET: undefined, JWT_SECRET_FILE: file(text) }).JWT_SECRET
    expect(read(`${long}\n`)).toBe(long)
    expect(read(`${long}\r\n`)).toBe(long)
    expect(read(`${long}\n\n`)).toBe(`${long}\n`)
    expect(read(` ${long}`)).toBe(` ${long}`)
  })
  test('it works for every secret, and may stand in .env', () => {
    expect(settings({ DATABASE_DSN_FILE: file('/x/y.db\n') }).sqlite?.path).toBe('/x/y.db')
    expect(settings({}, `METRICS_TOKEN_FILE=${file('a-metrics-token')}`).METRICS_TOKEN).toBe('a-metrics-token')
  })
  test('not for settings that are no secrets', () => {
    expect(settings({ JWT_DOMAIN_FILE: file('x') }).JWT_DOMAIN).toBe('')
  })
})

describe('strength', () => {
  test('a secret is counted in bytes', () => {
    expect(settings({ JWT_SECRET: 'äöüßéèàñçøåœæîûÿ' }).JWT_SECRET.length).toBe(16)
    expect(settings({ JWT_SECRET: SECRET }).JWT_SECRET).toBe(SECRET)
  })
  test('JWT_SECRET does not matter with RS256 or ES256', () => {
    const key = { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: pem('prime256v1') }
    expect(problems({ ...key, JWT_SECRET: 'short' })).toEqual([])
    expect(problems({ ...PRODUCTION, ...key, JWT_SECRET: undefined })).toEqual([])
  })
  test('every form of private key', () => {
    const accepted = [
      ['ES256', pem('prime256v1')],
      ['ES256', pem('prime256v1', 'sec1')],
      [
        'ES256',
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem('prime256v1', 'sec1')}`,
      ],
      ['RS256', pem(2048)],
      ['RS256', pem(2048, 'pkcs1')],
    ]
    for (const [algorithm, key] of accepted)
      expect(problems({ JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PEM: key })).toEqual([])
  })
})

describe('generated secrets', () => {
  const env = { BASE_URL: 'http://127.0.0.1:9' }
  test('a loopback server keeps them beside its database, readable by its user only [SEC]', () => {
    const cwd = folder()
    const options = { env: { ...env, DATABASE_PATH: join(cwd, 'a.db') }, cwd: folder(), write: true }
    const first = loadConfiguration(options).settings
    expect(statSync(join(cwd, 'authgate-secrets.env')).mode & 0o777).toBe(0o600)
    const second = loadConfiguration(options).settings
    expect([second.JWT_SECRET, second.SESSION_SECRET]).toEqual([first.JWT_SECRET, first.SESSION_SECRET])
    expect(first.JWT_SECRET).toMatch(/^[0-9a-f]{64}$/)
    expect(first.JWT_SECRET).not.toBe(first.SESSION_SECRET)
    chmodSync(join(cwd, 'authgate-secrets.env'), 0o644)
    expect(() => loadConfiguration(options)).toThrow('readable by others')
  })
  test('one that was given is kept', () => {
    const cwd = folder()
    const { settings } = loadConfiguration({ env: { ...env, JWT_SECRET: SECRET }, cwd, write: true })
    expect(settings.JWT_SECRET).toBe(SECRET)
    expect(settings.SESSION_SECRET).toMatch(/^[0-9a-f]{64}$/)
  })
  test('one prominent warning names the file', () => {
    const cwd = folder()
    const made = () => loadConfiguration({ env, cwd, write: true }).warnings
    expect(made()).toEqual([expect.stringContaining(`generated secrets kept in ${cwd}/authgate-secrets.env`)])
    expect(made()).toEqual([expect.stringContaining('using generated secrets')])
  })
  test('a damaged file stops the start instead of being replaced', () => {
    const cwd = folder()
    writeFileSync(join(cwd, 'authgate-secrets.env'), 'JWT_SECRET=abc\n', { mode: 0o600 })
    expect(() => loadConfiguration({ env, cwd, write: true })).toThrow('is damaged')
  })
  test('commands beside the server work with its secrets', () => {
    const cwd = folder()
    const { settings } = loadConfiguration({ env, cwd, write: true })
    const command = loadConfiguration({ env, cwd, write: false })
    expect(command.settings.JWT_SECRET).toBe(settings.JWT_SECRET)
    expect(command.settings.SESSION_SECRET).toBe(settings.SESSION_SECRET)
    expect(command.warnings).toEqual([expect.stringContaining('using generated secrets')])
  })
  test('checking writes nothing, and neither does a configuration with problems', () => {
    const cwd = folder()
    loadConfiguration({ env, cwd, write: false })
    expect(() => loadConfiguration({ env: { ...env, JWT_EXPIRATION: 'x' }, cwd, write: true })).toThrow()
    expect(readdirSync(cwd)).toEqual([])
  })
  test('never in production, never for a public address [SEC]', () => {
    for (const wrong of [
      { ...env, ENVIRONMENT: 'production' },
      { BASE_URL: 'http://id.example' },
      { BASE_URL: 'https://127.0.0.1.example' },
    ]) {
      const cwd = folder()
      expect(() => loadConfiguration({ env: wrong, cwd, write: true })).toThrow('JWT_SECRET must be set')
      expect(existsSync(join(cwd, 'authgate-secrets.env'))).toBe(false)
    }
  })
})

test('after the start no secret is left in the process environment [SEC]', () => {
  const env: Record<string, string | undefined> = {
    JWT_SECRET: SECRET,
    DATABASE_DSN: 'host=h password=p',
    JWT_PRIVATE_KEY_PEM: 'x',
    PGPASSWORD: 'x',
    BASE_URL: 'http://localhost',
    JWT_SECRET_FILE: '/run/secrets/jwt',
  }
  forgetSecrets(env)
  expect(env).toEqual({ BASE_URL: 'http://localhost', JWT_SECRET_FILE: '/run/secrets/jwt' })
})

test('short tokens are warned about', () => {
  for (const name of ['METRICS_TOKEN', 'DYNAMIC_CLIENT_REGISTRATION_TOKEN'])
    expect(warnings({ [name]: 'fifteen-letters' })).toEqual([expect.stringContaining(`${name} is short`)])
  expect(warnings({ METRICS_TOKEN: 'sixteen-letters!' })).toEqual([])
})
