/** `authgate version`: what this executable is. */
import { buildTime, commit, version } from '../version'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' }

export function versionText(): string {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch
  const lines = [
    `AuthGate version ${version}`,
    ...(commit === '' ? [] : [`Git commit: ${commit}`]),
    ...(buildTime === '' ? [] : [`Build time: ${buildTime}`]),
    `Bun version: ${Bun.version}`,
    `Built for: ${process.platform}/${architecture}`,
  ]
  return `${lines.join('\n')}\n`
}
