/** Facts of the sample unit and proxy configuration that operators copy. */
import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SettingName, settingsTable } from '../../src/config/settings'

import { binaryPath } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'

const linesOf = async (path: string): Promise<string[]> =>
  (await Bun.file(path).text()).split('\n').filter((line) => line !== '' && !line.trimStart().startsWith('#'))

describe('systemd unit', async () => {
  const unit = await linesOf('scripts/deploy/authgate.service')
  const valuesOf = (key: string): string[] =>
    unit.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1))

  test('it waits for the network, and runs as a user of its own', () => {
    expect(valuesOf('After')).toEqual(['network-online.target'])
    expect(valuesOf('Wants')).toEqual(['network-online.target'])
    expect(valuesOf('User')).toEqual(['authgate'])
    expect(valuesOf('WorkingDirectory')).toEqual(['/var/lib/authgate'])
    expect(valuesOf('ExecStart')).toEqual(['/usr/local/bin/authgate server'])
  })

  test('it waits longer for the end than all limits of a shutdown together', () => {
    const limits: SettingName[] = [
      ...(['SHUTDOWN_DELAY', 'SERVER_SHUTDOWN_TIMEOUT', 'AUDIT_SHUTDOWN_TIMEOUT'] as const),
      ...(['CACHE_CLOSE_TIMEOUT', 'REDIS_CLOSE_TIMEOUT', 'DB_CLOSE_TIMEOUT'] as const),
    ]
    const sum = limits.reduce((total, name) => total + (settingsTable[name].default as number), 0)
    expect(Number(valuesOf('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(sum)
  })

  test('it starts without the optional folder of keys', () => {
    expect(valuesOf('ReadOnlyPaths')).toEqual(['-/etc/authgate/keys'])
  })

  test('it takes away what the server does not need [SEC]', () => {
    expect(valuesOf('UMask')).toEqual(['0077'])
    expect(valuesOf('CapabilityBoundingSet')).toEqual([''])
    expect(valuesOf('SystemCallFilter')).toEqual(['@system-service', '~@privileged @resources'])
    expect(valuesOf('RestrictAddressFamilies')).toEqual(['AF_INET AF_INET6 AF_UNIX'])
    const on = ['NoNewPrivileges', 'PrivateTmp', 'ProtectHome', 'ProtectKernelTunables', 'ProtectKernelModules']
    for (const key of on) expect(valuesOf(key)).toEqual(['yes'])
    expect(valuesOf('ProtectSystem')).toEqual(['strict'])
    // The runtime compiles code while it runs.
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([])
  })

  test('it is ready when it serves, however long a conversion takes, and is watched', () => {
    expect(valuesOf('Type')).toEqual(['notify'])
    expect(valuesOf('TimeoutStartSec')).toEqual(['infinity'])
    expect(Number(valuesOf('WatchdogSec')[0])).toBeGreaterThanOrEqual(20)
    expect(valuesOf('NotifyAccess')).toEqual([])
  })

  test('secrets come as credentials that the settings with _FILE read', () => {
    const text = readFileSync('scripts/deploy/authgate.service', 'utf8')
    const loaded = [...text.matchAll(/^#LoadCredential=([\w-]+):/gm)].map(([, name]) => name)
    const used = [...text.matchAll(/(\w+)_FILE=%d\/([\w-]+)/g)]
    expect(used.map(([, , name]) => name)).toEqual(loaded)
    for (const [, setting = ''] of used) expect(settingsTable).toHaveProperty(setting)
  })

  test.skipIf(!Bun.which('systemd-analyze'))('systemd finds nothing wrong with it, and little that is exposed', () => {
    const folder = temporaryFolder('unit')
    try {
      const path = join(folder, 'authgate.service')
      const text = readFileSync('scripts/deploy/authgate.service', 'utf8')
      // Credentials switched on too.
      const whole = text.replaceAll(/^#(LoadCredential|Environment)=/gm, '$1=')
      writeFileSync(path, whole.replaceAll('/usr/local/bin/authgate', binaryPath()))
      const verified = Bun.spawnSync(['systemd-analyze', 'verify', '--man=no', path])
      expect({ code: verified.exitCode, said: verified.stderr.toString() }).toEqual({ code: 0, said: '' })
      const rated = Bun.spawnSync(['systemd-analyze', 'security', '--offline=true', path]).stdout.toString()
      const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(rated)?.[1])
      expect(level).toBeLessThanOrEqual(1.5)
    } finally {
      removeFolder(folder)
    }
  })

  test('no value is followed by a comment, which systemd would take for a part of it', () => {
    expect(unit.filter((line) => /\s#/.test(line))).toEqual([])
  })
})

describe('nginx', async () => {
  const lines = (await linesOf('scripts/deploy/nginx.conf')).map((line) => line.trim())

  test('it overwrites the forwarded address instead of adding to what the client sent [SEC]', () => {
    expect(lines).toContain('proxy_set_header X-Forwarded-For $remote_addr;')
    expect(lines.join('\n')).not.toContain('$proxy_add_x_forwarded_for')
  })

  test('it adds no header that the server sets itself', () => {
    expect(lines.filter((line) => line.startsWith('add_header'))).toEqual([])
  })

  test('braces are balanced, statements end', () => {
    const text = lines.join('\n')
    expect(text.split('{').length).toBe(text.split('}').length)
    expect(lines.filter((line) => !/[;{}]$/.test(line))).toEqual([])
  })
})
