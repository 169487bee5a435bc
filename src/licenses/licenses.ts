import { loadLicenses } from './licenses.macro' with { type: 'macro' }

/** Of everything in this program that others made. */
export const licenses = loadLicenses()

/** As one text. */
export function licensesText(): string {
  const rule = '='.repeat(80)
  const parts = licenses.map(
    ({ name, version, license, text }) => `${rule}\n${name} ${version} (${license})\n${rule}\n\n${text}\n`,
  )
  return [INTRODUCTION, ...parts].join('\n')
}

const INTRODUCTION =
  'AuthGate is under the MIT License. It contains the following works of others, each under its own licence.\n'
