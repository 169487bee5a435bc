/** What a release consists of: the executable of this machine, licences, list of components, checksums. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sbom } from '../../scripts/sbom'
import { licenses } from '../../src/licenses/licenses'
import { bundledPackages, idOf } from '../../src/licenses/packages'
import { removeFolder, temporaryFolder } from '../support/daemon'

const packages = bundledPackages('.')

describe('licences', () => {
  test('every package whose code is in the program is among them', async () => {
    const folder = temporaryFolder('sources')
    try {
      const built = Bun.spawnSync([
        ...[process.execPath, 'build', '--production', '--sourcemap=external', '--target=bun', '--format=esm'],
        ...['src/main.ts', '--outdir', folder],
      ])
      expect(built.exitCode).toBe(0)
      const { sources } = JSON.parse(readFileSync(join(folder, 'main.js.map'), 'utf8')) as { sources: string[] }
      const used = new Set(sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []))
      expect(used.size).toBeGreaterThan(20)
      const named = new Set(licenses.map(({ name }) => name))
      expect([...used].filter((name) => !named.has(name))).toEqual([])
    } finally {
      removeFolder(folder)
    }
  })

  test('each has its terms, the runtime too, and none has what a terminal must not get', () => {
    expect(licenses.map(({ name, version }) => `${name}@${version}`)).toEqual([
      expect.stringMatching(/^bun@/),
      ...packages.map(idOf),
    ])
    for (const { name, text, license } of licenses) {
      expect({ name, long: text.length > 500 }).toEqual({ name, long: true })
      expect({ name, control: /[\u0000-\u0009\u000b-\u001f]/.test(text) }).toEqual({ name, control: false })
      expect(license).toMatch(/^[A-Za-z0-9. -]+$/)
    }
    expect(licenses[0]?.text).toContain('JavaScriptCore')
    expect(licenses[0]?.text).toContain('GNU LIBRARY GENERAL PUBLIC LICENSE')
  })

  test('a licence that obliges whoever passes the program on is noticed when it comes in', () => {
    const known = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', '0BSD', 'Unlicense', 'OFL-1.1'])
    expect(packages.filter(({ license }) => !known.has(license))).toEqual([])
  })
})

describe('list of components', () => {
  const list = JSON.parse(sbom('1.2.3', 1_700_000_000)) as {
    serialNumber: string
    metadata: { timestamp: string }
    components: { 'bom-ref': string; purl: string; hashes?: { content: string }[]; licenses: unknown[] }[]
    dependencies: { ref: string; dependsOn: string[] }[]
  }

  test('it is the same whenever it is made, and another for another release', () => {
    expect(sbom('1.2.3', 1_700_000_000)).toBe(sbom('1.2.3', 1_700_000_000))
    expect(list.metadata.timestamp).toBe('2023-11-14T22:13:20Z')
    expect(list.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(sbom('1.2.4', 1_700_000_000)).not.toContain(list.serialNumber)
  })

  test('every component has an address, a licence, and the hash that bun.lock pins', () => {
    expect(list.components.length).toBe(packages.length + 1)
    for (const { purl, licenses: terms, hashes } of list.components) {
      expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/)
      expect(terms.length).toBe(1)
      if (!purl.startsWith('pkg:npm/bun@')) expect(hashes?.[0]?.content).toMatch(/^[0-9a-f]{128}$/)
    }
    const jose = packages.find(({ name }) => name === 'jose')
    expect(readFileSync('bun.lock', 'utf8')).toContain(jose?.integrity ?? '-')
  })

  test('what depends on what leads from the program to each of them', () => {
    const reached = new Set(['authgate'])
    for (const ref of reached)
      for (const next of list.dependencies.find((each) => each.ref === ref)?.dependsOn ?? []) reached.add(next)
    expect([...reached].sort()).toEqual(['authgate', ...list.components.map((each) => each['bom-ref'])].sort())
  })
})

describe.skipIf(process.platform !== 'linux')('scripts/release for this machine', () => {
  const folder = 'dist/release'
  let files: string[]
  beforeAll(() => {
    const made = Bun.spawnSync(['scripts/release', 'host'], {
      env: { ...process.env, AUTHGATE_VERSION: '9.8.7', SOURCE_DATE_EPOCH: '1700000000' },
      stdout: 'inherit',
      stderr: 'inherit',
    })
    expect(made.exitCode).toBe(0)
    files = readdirSync(folder).sort()
  }, 120_000)
  afterAll(() => removeFolder(folder))

  test('it has an executable, its licences, its components, the unit, and nothing else', () => {
    const name = `authgate-9.8.7-linux-${process.arch}`
    const others = ['authgate-9.8.7-licenses.txt', 'authgate-9.8.7.cdx.json']
    expect(files).toEqual(['LICENSE', 'SHA256SUMS', name, ...others, 'authgate.service'].sort())
    const version = Bun.spawnSync([join(folder, name), 'version']).stdout.toString()
    expect(version).toContain('9.8.7')
    expect(version).toContain('2023-11-14T22:13:20Z')
    const printed = Bun.spawnSync([join(folder, name), 'licenses']).stdout.toString()
    expect(printed).toBe(readFileSync(join(folder, 'authgate-9.8.7-licenses.txt'), 'utf8'))
  })

  test('the checksums are right and complete', () => {
    const checked = Bun.spawnSync(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: folder })
    expect(checked.exitCode).toBe(0)
    expect(checked.stdout.toString().trim().split('\n').length).toBe(files.length - 1)
  })
})

test('scripts/release knows what there is, and refuses what there is not', () => {
  const list = Bun.spawnSync(['scripts/release', '--list']).stdout.toString().trim().split('\n')
  expect(list).toEqual(expect.arrayContaining(['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl']))
  expect(Bun.spawnSync(['scripts/release', 'windows-x64']).exitCode).toBe(2)
})
