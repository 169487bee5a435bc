/** The packages that end up in the executable, as `bun.lock` pins them. Runs at build time only. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** SPDX identifier, as the package names it. */
  readonly license: string
  /** Of the archive the package came in: `sha512-…`, base64. */
  readonly integrity: string
  /** `name@version` of those it needs. */
  readonly needs: readonly string[]
  /** Folder of its files. */
  readonly folder: string
  readonly patched: boolean
}

/** What the style sheet is made from: needed when the program is built, and its output is in it. */
const STYLE_SHEET = ['tailwindcss', 'daisyui']

interface LockEntry {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalPeers?: readonly string[]
}

interface Lock {
  readonly workspaces: { readonly '': { readonly dependencies: Readonly<Record<string, string>> } }
  readonly patchedDependencies?: Readonly<Record<string, string>>
  /** By path of names: `@oslojs/jwt/@oslojs/encoding` is the one that only `@oslojs/jwt` gets. */
  readonly packages: Readonly<Record<string, readonly [id: string, registry: string, LockEntry, integrity: string]>>
}

/** By name and version. Throws when the packages are not installed as the lock file says. */
export function bundledPackages(root: string): BundledPackage[] {
  const lock = readLock(join(root, 'bun.lock'))
  const found = new Map<string, BundledPackage>()
  const waiting = [...Object.keys(lock.workspaces[''].dependencies), ...STYLE_SHEET]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    const needs = neededBy(entryOf(lock, path)[2]).flatMap((name) => placeOf(lock, path ?? '', name) ?? [])
    found.set(path, describe(root, lock, path, needs))
    waiting.push(...needs)
  }
  return [...found.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
}

export const idOf = ({ name, version }: Pick<BundledPackage, 'name' | 'version'>): string => `${name}@${version}`

/** JSON, but for commas before closing brackets. */
const readLock = (path: string): Lock => JSON.parse(readFileSync(path, 'utf8').replaceAll(/,(?=\s*[}\]])/g, '')) as Lock

function entryOf({ packages }: Lock, path: string): Lock['packages'][string] {
  const entry = packages[path]
  if (!entry) throw new Error(`bun.lock does not have ${path}`)
  return entry
}

const neededBy = ({ dependencies = {}, peerDependencies = {}, optionalPeers = [] }: LockEntry): string[] => [
  ...Object.keys(dependencies),
  ...Object.keys(peerDependencies).filter((name) => !optionalPeers.includes(name)),
]

/** Where the package at `path` finds another: below itself, else below what it is in, up to the top. */
function placeOf({ packages }: Lock, path: string, name: string): string | undefined {
  const names = namesOf(path)
  for (let length = names.length; length >= 0; length -= 1) {
    const place = [...names.slice(0, length), name].join('/')
    if (place in packages) return place
  }
  return undefined
}

/** `@a/b/c` is `c` in `@a/b`. */
const namesOf = (path: string): string[] => path.match(/@[^/]+\/[^/]+|[^/]+/g) ?? []

function describe(root: string, lock: Lock, path: string, needs: readonly string[]): BundledPackage {
  const [id, , , integrity] = entryOf(lock, path)
  const folder = join(root, ...namesOf(path).flatMap((name) => ['node_modules', name]))
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, license } = manifest
  if (`${name}@${version}` !== id) throw new Error(`${folder} is not ${id}`)
  if (typeof license !== 'string') throw new Error(`${id} names no licence`)
  return {
    ...{ name: String(name), version: String(version), license, integrity, folder },
    needs: needs.map((each) => entryOf(lock, each)[0]).sort(),
    patched: id in (lock.patchedDependencies ?? {}),
  }
}
