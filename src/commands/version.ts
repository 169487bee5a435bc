/** `authgate version`: what this executable is. */
import { buildTime, commit, version } from '../version'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' }
const builtFor = `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`

export function versionText(): string {
  const lines = [
    `AuthGate version ${version}`,
    ...(commit === '' ? [] : [`Git commit: ${commit}`]),
    ...(buildTime === '' ? [] : [`Build time: ${buildTime}`]),
    `Bun version: ${Bun.version}`,
    `Built for: ${builtFor}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The same for programs. */
export const versionJson = (): string =>
  JSON.stringify({
    version,
    ...(commit !== '' && { commit }),
    ...(buildTime !== '' && { build_time: buildTime }),
    bun_version: Bun.version,
    built_for: builtFor,
  })
