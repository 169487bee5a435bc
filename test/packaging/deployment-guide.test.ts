/**
 * A stranger's walk through the deployment guide: its commands, taken from the text, run one after the other as root of
 * a system of its own (folders that vanish, a stand-in for systemd), and every answer is looked at.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { COMMANDS } from '../../src/commands/table'
import { binaryPath } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { freshDatabase } from '../support/postgres'
import { freshRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'
import { chapters, OWN_SYSTEM, part as partOf, said } from './guide'

const [machine = [], , proxy = [], several = [], completion = []] = chapters('en')

describe('the deployment guide', () => {
  test('has the same commands in both languages', () => {
    expect(chapters('zh-TW')).toEqual(chapters('en'))
    expect(chapters('en')).toHaveLength(5)
  })

  test('names files and commands there are', () => {
    const all = chapters('en').flat().join('\n')
    for (const [path] of all.matchAll(/scripts\/[\w./-]+/g))
      expect({ path, there: existsSync(path) }).toEqual({ path, there: true })
    const names = COMMANDS.map(({ name }) => name)
    const called = [...all.matchAll(/(?:authgate_service|\/bin\/authgate|^authgate) ([a-z]+)/gm)].map(
      ([, name]) => name ?? '',
    )
    expect(called.length).toBeGreaterThan(8)
    expect(called.filter((name) => !names.includes(name))).toEqual([])
  })
})

suiteNeeds(
  'root',
  'postgresql',
  'redis',
)('the commands for a machine and for several', () => {
  let root: string
  let printed: string
  let closing: (() => Promise<void>)[] = []
  const part = (name: string) => partOf(printed, name)

  beforeAll(async () => {
    root = temporaryFolder('guide')
    const [files, bin] = [join(root, 'files'), join(root, 'bin')]
    for (const folder of [files, bin]) mkdirSync(folder, { mode: 0o755 })
    // The user of the service must get through.
    Bun.spawnSync(['chmod', '755', root])
    copyFileSync(binaryPath(), join(files, `authgate-0.1.0-linux-${process.arch}`))
    copyFileSync('scripts/deploy/authgate.service', join(files, 'authgate.service'))
    const sums = Bun.spawnSync(['sh', '-c', 'sha256sum authgate*'], { cwd: files }).stdout.toString()
    writeFileSync(join(files, 'SHA256SUMS'), `${sums}${'0'.repeat(64)}  authgate-0.1.0-linux-other\n`)
    for (const name of ['sudo', 'systemctl', 'systemd-run'])
      symlinkSync(resolve('test/support/systemd-stand-in.py'), join(bin, name))

    const [postgres, redis, port] = [await freshDatabase(), await freshRedis(), await freePort()]
    closing = [postgres.drop, redis.drop]
    const { host, pathname } = new URL(redis.url)
    const here = (commands: string) =>
      commands
        .replaceAll('8080', String(port))
        .replaceAll('linux-x64', `linux-${process.arch}`)
        .replace(/^DATABASE_DSN=.*$/m, `DATABASE_DSN=${postgres.url}?sslmode=disable`)
        .replace(/^REDIS_ADDR=.*$/m, `REDIS_ADDR=${host}\nREDIS_DB=${pathname.slice(1) || 0}`)
    const steps = [
      ...machine.map((commands, index) => said(`machine ${index}`, here(commands))),
      said('owners', 'stat -c "%a %U %n" /etc/authgate/.env /var/lib/authgate /var/lib/authgate/oauth.db'),
      said('backup', 'stat -c "%a %U" /var/lib/authgate/authgate-1.backup'),
      ...several.map((commands, index) => said(`several ${index}`, here(commands))),
      said('moved', 'authgate_service admin unlock alice --json'),
      ...completion.map((commands, index) => said(`completion ${index}`, here(commands))),
      said('completed', 'bash -c "source /etc/bash_completion.d/authgate; complete -p authgate"'),
      'systemctl stop authgate',
    ]
    writeFileSync(join(root, 'walk.sh'), `${OWN_SYSTEM}cd "$root/files"\n${steps.join('\n')}`)
    const enter = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
    const walk = Bun.spawnSync([...enter, 'bash', join(root, 'walk.sh'), root, bin], {
      stdin: 'ignore',
      timeout: 60_000,
    })
    printed = walk.stdout.toString()
    const log = existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8') : ''
    const code = walk.exitCode
    expect({ code, why: code === 0 ? '' : printed.slice(-1500) + walk.stderr.toString() + log.slice(-1500) }).toEqual({
      code: 0,
      why: '',
    })
  }, 90_000)
  afterAll(async () => {
    for (const close of closing) await close()
    removeFolder(root)
  })

  test('the checksums are compared, the settings accepted', () => {
    expect(part('machine 0')).toContain(`authgate-0.1.0-linux-${process.arch}: OK`)
    expect(part('machine 2')).toContain('SERVER_ADDR=127.0.0.1:')
  })

  test('the service serves, its first administrator and a second one are there', () => {
    expect(part('machine 3')).toContain('{"database":"connected","status":"healthy"}')
    expect(part('machine 4')).toContain('Admin Password: ')
    expect(part('machine 4')).toContain('Administrator "alice" is created')
  })

  test('a backup is made, and the upgrade ends healthy', () => {
    expect(part('machine 5')).toContain('is backed up in /var/lib/authgate/authgate-1.backup')
    expect(part('backup')).toBe('600 authgate')
    expect(part('machine 6')).toContain('healthy')
  })

  test('settings are for root only, data for the service only [SEC]', () => {
    expect(part('owners').split('\n')).toEqual([
      '600 root /etc/authgate/.env',
      '700 authgate /var/lib/authgate',
      '600 authgate /var/lib/authgate/oauth.db',
    ])
  })

  test('with PostgreSQL and Redis it has what it had before', () => {
    expect(part('several 0')).toContain('healthy')
    expect(JSON.parse(part('moved'))).toMatchObject({ username: 'alice', is_active: true })
  })

  test('completion is installed, the licences are printed', () => {
    expect(part('completed')).toBe('complete -F _authgate authgate')
    expect(part('completion 0')).toContain('Apache License')
  })
})

describe('the commands for proxies', () => {
  test.each([
    ['nginx', '/etc/nginx/conf.d/authgate.conf'],
    ['caddy', '/etc/caddy/Caddyfile'],
  ])('%s gets the sample that is checked, and is asked about it before it reloads', (program, place) => {
    const commands = proxy.find((block) => block.includes(program)) ?? ''
    const lines = commands.trim().split('\n')
    expect(lines[0]).toEndWith(place)
    expect(lines[1]).toStartWith(`sudo ${program} `)
    expect(lines[2]).toBe(`sudo systemctl reload ${program}`)
  })
})
