/** The scripts for completion, loaded by the shells themselves where they are installed. */
import { describe, expect, test } from 'bun:test'
import { dirname } from 'node:path'
import { binaryPath } from '../support/binary'

const env = { PATH: `${dirname(binaryPath())}:/usr/local/bin:/usr/bin:/bin`, HOME: '/nonexistent', LC_ALL: 'C.UTF-8' }

describe.skipIf(!Bun.which('fish'))('fish', () => {
  test.each([
    ['authgate ', 'doctor'],
    ['authgate client ', 'create'],
    ['authgate client create x --', '--redirect-uri'],
    ['authgate client create x --type ', 'confidential'],
    ['authgate keys generate --algorithm ', 'ES256'],
  ])('%p offers %s', (line, offered) => {
    const script = `authgate completion fish | source; complete --do-complete ${JSON.stringify(line)}`
    const { stdout, stderr } = Bun.spawnSync(['fish', '--no-config', '--private', '-c', script], {
      env,
      timeout: 20_000,
    })
    const words = stdout
      .toString()
      .split('\n')
      .map((each) => each.split('\t')[0])
    expect({ words, said: stderr.toString() }).toEqual({ words: expect.arrayContaining([offered]), said: '' })
  })
})

describe.skipIf(!Bun.which('zsh'))('zsh', () => {
  test('reads the script without a complaint and completes authgate by it', () => {
    const script =
      'autoload -Uz compinit && compinit -u -D; authgate completion zsh >/dev/null; source <(authgate completion zsh); print $_comps[authgate]; functions _authgate >/dev/null && print whole'
    const { stdout, stderr } = Bun.spawnSync(['zsh', '-f', '-c', script], { env, timeout: 20_000 })
    expect({ stdout: stdout.toString(), said: stderr.toString() }).toEqual({ stdout: '_authgate\nwhole\n', said: '' })
  })
})
