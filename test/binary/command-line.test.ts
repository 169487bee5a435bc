/** The executable on the command line: what it prints, where, and its exit codes. */
import { describe, expect, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, runBinary } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'

const USAGE = [
  /^Usage: authgate \[OPTIONS\] COMMAND$/m,
  /^ {2}server {4}Start the OAuth server$/m,
  /^ {2}-v, --version {4}Show version information$/m,
  /^ {2}-h, --help {7}Show this help message$/m,
]
const expectUsage = (text: string) => {
  for (const line of USAGE) expect(text).toMatch(line)
}

describe('authgate', () => {
  test('without a command: usage on standard output, exit code 1', async () => {
    const { exitCode, stdout, stderr } = await runBinary([])
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    expectUsage(stdout)
  })

  for (const line of ['-h', '--help', '-help', '--h', 'help', 'server --help'])
    test(`${line}: usage, exit code 0`, async () => {
      const { exitCode, stdout, stderr } = await runBinary(line.split(' '))
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expectUsage(stdout)
    })

  for (const line of ['-v', '--version', '-version', '--v', 'version', '--version server', 'nope -v'])
    test(`${line}: what it is, exit code 0`, async () => {
      const { exitCode, stdout, stderr } = await runBinary(line.split(' '))
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(stdout).toMatch(/^AuthGate version \S+\n/)
      expect(stdout).toMatch(/^Bun version: \d+\.\d+\.\d+$/m)
      expect(stdout).toMatch(/^Built for: (linux|darwin)\/(amd64|arm64)$/m)
    })

  test('an unknown command: named on standard output, then usage, exit code 1', async () => {
    const { exitCode, stdout } = await runBinary(['nope'])
    expect(exitCode).toBe(1)
    expect(stdout).toStartWith('Unknown command: nope\n\nUsage: ')
  })

  test('an unknown option: named on standard error, usage on standard output, exit code 2', async () => {
    const { exitCode, stdout, stderr } = await runBinary(['--bogus'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: 'flag provided but not defined: -bogus\n' })
    expectUsage(stdout)
  })
})

describe('authgate check', () => {
  const inFolder = async (work: (folder: string) => Promise<void>) => {
    const folder = temporaryFolder('check')
    try {
      await work(folder)
    } finally {
      removeFolder(folder)
    }
  }
  const SECRET = 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03'

  for (const args of [['check'], ['server', '--check-config']])
    test(`${args.join(' ')}: effective settings with secrets masked, exit code 0, nothing written [SEC]`, () =>
      inFolder(async (folder) => {
        const env = { JWT_SECRET: SECRET, SERVER_ADDR: ':9000' }
        const { exitCode, stdout, stderr } = await runBinary(args, { folder, env })
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
        expect(stdout).toMatch(/^\* SERVER_ADDR=:9000$/m)
        expect(stdout).toMatch(/^\* JWT_SECRET=\(set\)$/m)
        expect(stdout).toMatch(/^ {2}DB_INIT_TIMEOUT=30s$/m)
        expect(stdout).toContain('Configuration is valid')
        expect(stdout).not.toContain(SECRET)
        expect(readdirSync(folder)).toEqual([])
      }))

  test('every problem at once, one line each, exit code 1', async () => {
    const env = { SERVER_ADDR: 'nonsense', JWT_EXPIRATION: '1d', LOGIN_RATE_LIMIT: '0' }
    const { exitCode, stderr } = await runBinary(['check'], { env })
    expect(exitCode).toBe(1)
    const lines = stderr.trimEnd().split('\n')
    expect(lines.every((line) => line.startsWith('Invalid configuration: '))).toBe(true)
    for (const name of Object.keys(env)) expect(lines.filter((line) => line.includes(name)).length).toBe(1)
  })

  test('warnings are shown, and an address keeps its password to itself [SEC]', async () => {
    const env = { SESSION_MAX_AGEE: '1', REDIS_ADDR: 'redis://user:hunter2@localhost:6379' }
    const { exitCode, stdout } = await runBinary(['check'], { env })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Warning: .*SESSION_MAX_AGEE/m)
    expect(stdout).not.toContain('hunter2')
  })

  test('the .env file of the working directory counts', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, '.env'), 'SERVER_ADDR=127.0.0.1:9001\n')
      const { stdout } = await runBinary(['check'], { folder })
      expect(stdout).toMatch(/^\* SERVER_ADDR=127\.0\.0\.1:9001$/m)
    }))
})

describe('authgate healthcheck', () => {
  test('nothing listens: exit code 1 within its limit', async () => {
    const { exitCode, stderr }: Outcome = await runBinary(['healthcheck'], { env: { SERVER_ADDR: '127.0.0.1:1' } })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^unhealthy: http:\/\/127\.0\.0\.1:1\/health: /)
  })

  test('a server that does not answer: exit code 1 after 2 seconds', async () => {
    const mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    try {
      const began = performance.now()
      const { exitCode, stderr } = await runBinary(['healthcheck'], { env: { SERVER_ADDR: `127.0.0.1:${mute.port}` } })
      expect({ exitCode, inTime: performance.now() - began < 5_000 }).toEqual({ exitCode: 1, inTime: true })
      expect(stderr).toContain('no answer within 2 s')
    } finally {
      mute.stop(true)
    }
  })
})
