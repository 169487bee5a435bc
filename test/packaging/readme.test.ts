/** What the README names must exist: it is read before anything else, and by people who cannot know better. */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { USAGE } from '../../src/commands/usage'
import { settingsTable } from '../../src/config/settings'
import { openTestApp } from '../support/app'

const readme = await Bun.file('README.md').text()
const all = (pattern: RegExp): string[] => [
  ...new Set([...readme.matchAll(pattern)].map(([, found]) => found as string)),
]

/** Upper-case words with an underscore that are placeholders of its examples. */
const PLACEHOLDERS = new Set(['CLIENT_ID', 'DEVICE_CODE', 'ACCESS_TOKEN', 'REFRESH_TOKEN'])

describe('README', () => {
  test('every variable it names is a setting', () => {
    const known = (name: string) => name in settingsTable || name.replace(/_FILE$/, '') in settingsTable
    const names = all(/(?<![A-Z_…])([A-Z]+(?:_[A-Z]+)+)\b/g)
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !PLACEHOLDERS.has(name) && !known(name))).toEqual([])
  })

  test('every file it links to or runs is there', () => {
    const paths = [...all(/\]\(((?!http)[^)#]+)\)/g), ...all(/(?<![\w/])((?:scripts|\.ci)\/[\w./-]*\w)/g)]
    expect(paths.length).toBeGreaterThan(6)
    expect(paths.filter((path) => !existsSync(path))).toEqual([])
  })

  test('every command it shows is one', () => {
    const commands = all(/\bauthgate (server|check|healthcheck|version|keys|clients|migrate|admin)\b/g)
    for (const command of commands) expect(USAGE).toContain(command)
  })

  test('every endpoint of its table answers', async () => {
    const table = readme.slice(readme.indexOf('## Endpoints'), readme.indexOf('### Refresh tokens'))
    const paths = [...table.matchAll(/`(?:(?:GET, )?(GET|POST) )?(\/[\w./-]+)(?:\?[^`]*)?`/g)]
    expect(paths.length).toBeGreaterThan(14)
    const app = await openTestApp({
      settings: { ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true', METRICS_ENABLED: 'true', ENABLE_SWAGGER: 'true' },
    })
    try {
      for (const [, method = 'GET', path] of paths) {
        if (path === '/oauth') continue
        const answer = await app.handle(new Request(`http://localhost:8080${path}`, { method }))
        expect({ path, found: answer.status !== 404 && answer.status !== 405 }).toEqual({ path, found: true })
      }
    } finally {
      await app.close()
    }
  })

  test('nothing is left to be filled in', () => {
    expect(readme).not.toMatch(/<!--|TODO|TBD/)
  })
})
