/** The builds for other processors and for musl, run under emulation: on demand, as they take a minute and downloads. */
import { expect, test } from 'bun:test'

const asked = process.env.AUTHGATE_TEST_FOREIGN === '1'
const name = 'arm64 and musl: version, check, a server that becomes healthy'

test.skipIf(!asked)(
  asked ? name : `${name} (skipped: AUTHGATE_TEST_FOREIGN=1 asks for it)`,
  () => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(['scripts/foreign-builds'])
    const said = stdout.toString()
    // The script says what this machine lacks.
    if (exitCode === 77) return console.log(said.trim())
    expect({ exitCode, why: exitCode === 0 ? '' : said + stderr.toString() }).toEqual({ exitCode: 0, why: '' })
    for (const target of ['linux-arm64', 'linux-x64-musl', 'linux-arm64-musl'])
      expect(said).toMatch(new RegExp(`^${target}: .*healthy: yes`, 'm'))
  },
  600_000,
)
