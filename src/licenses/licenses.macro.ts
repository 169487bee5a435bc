/** Runs at build time: the licence texts of everything in the executable, so that they travel with it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BundledPackage, bundledPackages } from './packages'

export interface Licensed {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly text: string
}

const ROOT = join(import.meta.dir, '../..')
const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i

/** The runtime first, then packages by name. Throws when the terms of one are not known. */
export function loadLicenses(): Licensed[] {
  return [runtime(), ...bundledPackages(ROOT).map(licensed)].map((each) => ({ ...each, text: printable(each.text) }))
}

/** Form feeds and tabs of old texts are nothing that a terminal should be given. */
const printable = (text: string): string => text.replaceAll(/\f|\r(?=\n)/g, '').replaceAll('\t', '    ')

function licensed(bundled: BundledPackage): Licensed {
  const { name, version, license, folder } = bundled
  const files = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return { name, version, license, text: texts.length > 0 ? texts.join('\n\n') : standardTerms(bundled) }
}

/** For packages that name their licence and do not bring its text. */
function standardTerms({ license, folder }: BundledPackage): string {
  const { author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { author?: unknown }
  const holder = typeof author === 'string' ? author : (author as { name?: string } | undefined)?.name
  const terms = standardText(license)
  return license === 'Unlicense' || holder === undefined ? terms : `Copyright (c) ${holder}\n\n${terms}`
}

const standardText = (license: string): string =>
  readFileSync(join(import.meta.dir, 'texts', `${license}.txt`), 'utf8').trim()

/** Bun and what is linked into it, as its own documentation says it. */
function runtime(): Licensed {
  const types = join(ROOT, 'node_modules/bun-types')
  const { version } = JSON.parse(readFileSync(join(types, 'package.json'), 'utf8')) as { version: string }
  const notice = readFileSync(join(types, 'docs/project/license.mdx'), 'utf8').replace(/^---\n[\s\S]*?\n---\n/, '')
  const terms = [
    ['MIT License', `Copyright (c) Oven\n\n${standardText('MIT')}`],
    ['GNU Library General Public License, version 2', standardText('LGPL-2.0')],
    ['GNU Lesser General Public License, version 2.1', standardText('LGPL-2.1')],
    ['Apache License, version 2.0', standardText('Apache-2.0')],
  ]
  const text = [notice.trim(), ...terms.map(([title, words]) => `## ${title}\n\n${words}`)].join('\n\n')
  return { name: 'bun', version, license: 'MIT AND LGPL-2.0-only AND LGPL-2.1-only AND Apache-2.0', text }
}
