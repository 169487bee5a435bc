/**
 * Prints what the executable is made of, for tools that look for known vulnerabilities and licences: CycloneDX 1.5, JSON.
 *
 *   bun scripts/sbom.ts VERSION [SECONDS]    the time is that of the release, since the epoch; left out without it
 *
 * Equal packages give an equal list, whatever the machine and the time.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BundledPackage, bundledPackages, idOf } from '../src/licenses/packages'

const root = resolve(import.meta.dir, '..')

const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

const hex = (integrity: string): string => Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')

const licensesOf = (license: string) =>
  / (AND|OR|WITH) /.test(license) ? [{ expression: license }] : [{ license: { id: license } }]

const component = (bundled: BundledPackage) => ({
  type: 'library',
  'bom-ref': idOf(bundled),
  name: bundled.name,
  version: bundled.version,
  scope: 'required',
  hashes: [{ alg: 'SHA-512', content: hex(bundled.integrity) }],
  licenses: licensesOf(bundled.license),
  purl: purl(bundled.name, bundled.version),
  ...(bundled.patched && { pedigree: { patches: [{ type: 'unofficial' }], notes: 'patched, see scripts/patches' } }),
})

function bunVersion(): string {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return devDependencies.bun ?? ''
}

const runtime = (version: string) => ({
  type: 'platform',
  'bom-ref': `bun@${version}`,
  name: 'bun',
  version,
  scope: 'required',
  licenses: [{ license: { id: 'MIT' } }],
  purl: purl('bun', version),
})

/** `seconds` since the epoch. */
export function sbom(version: string, seconds?: number): string {
  const packages = bundledPackages(root)
  const program = {
    type: 'application',
    'bom-ref': 'authgate',
    name: 'authgate',
    version,
    licenses: licensesOf('MIT'),
    purl: `pkg:generic/authgate@${version}`,
  }
  const needed = new Set(packages.flatMap(({ needs }) => needs))
  const bun = runtime(bunVersion())
  const direct = packages.map(idOf).filter((id) => !needed.has(id))
  const body = {
    metadata: {
      ...(seconds !== undefined && { timestamp: new Date(seconds * 1000).toISOString().replace('.000', '') }),
      component: program,
    },
    components: [bun, ...packages.map(component)],
    dependencies: [
      { ref: 'authgate', dependsOn: [bun['bom-ref'], ...direct] },
      ...packages.map((each) => ({ ref: idOf(each), dependsOn: each.needs })),
    ],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(body))}`
  return JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber, version: 1, ...body }, null, 2)
}

/** RFC 9562 §5.8: made from what it names. */
function uuidOf(text: string): string {
  const bytes = new Bun.CryptoHasher('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

if (import.meta.main) {
  const [version, seconds] = process.argv.slice(2)
  if (version === undefined) {
    console.error('usage: bun scripts/sbom.ts VERSION [SECONDS]')
    process.exit(2)
  }
  console.log(sbom(version, seconds === undefined ? undefined : Number(seconds)))
}
