import { expect, test } from 'bun:test'

/** Everything that may stand at the top of the repository; dot files aside. */
const TOP_LEVEL = [
  ...['src', 'views', 'drizzle', 'test', 'scripts'],
  ...['package.json', 'bun.lock', 'bunfig.toml', 'tsconfig.json', 'biome.json', 'knip.json'],
  ...['Containerfile', 'README.md', 'LICENSE'],
]

const files = Bun.spawnSync(['git', 'ls-files', '--cached', '--others', '--exclude-standard']).stdout.toString()

test('the top level of the repository holds only what belongs there', () => {
  const entries = new Set(files.split('\n').map((path) => path.split('/')[0] ?? ''))
  const strangers = [...entries].filter((name) => name && !name.startsWith('.') && !TOP_LEVEL.includes(name))
  expect(strangers).toEqual([])
})

test('nothing that a run or a build leaves behind is tracked', () => {
  const residue = /(^|\/)(node_modules|dist|generated)\/|\.db(-[^/]*)?$|(^|\/)\.env$|authgate-(credentials|secrets)/
  expect(files.split('\n').filter((path) => residue.test(path))).toEqual([])
})

test('one lock file is kept', () => {
  expect(
    files.split('\n').filter((path) => /(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb)$/.test(path)),
  ).toEqual([])
})
