/** Facts of the sample unit and proxy configuration that operators copy. */
import { describe, expect, test } from 'bun:test'
import { type SettingName, settingsTable } from '../../src/config/settings'

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
    expect(valuesOf('SystemCallFilter')).toEqual(['@system-service'])
    expect(valuesOf('RestrictAddressFamilies')).toEqual(['AF_INET AF_INET6 AF_UNIX'])
    const on = ['NoNewPrivileges', 'PrivateTmp', 'ProtectHome', 'ProtectKernelTunables', 'ProtectKernelModules']
    for (const key of on) expect(valuesOf(key)).toEqual(['yes'])
    expect(valuesOf('ProtectSystem')).toEqual(['strict'])
    // The runtime compiles code while it runs.
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([])
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
