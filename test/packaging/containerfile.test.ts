/** Facts of the Containerfile that deployments rely on; building an image needs an engine, reading it does not. */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'

interface Instruction {
  name: string
  value: string
}

function instructions(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  const joined = lines.join('\n').replaceAll(/\\\n\s*/g, ' ')
  return joined.split('\n').flatMap((line) => {
    const [, name, value] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? []
    return name && value ? [{ name, value }] : []
  })
}

const all = instructions(await Bun.file('Containerfile').text())
const lastFrom = all.findLastIndex(({ name }) => name === 'FROM')
const image = all.slice(lastFrom)
const of = (name: string) => image.filter((instruction) => instruction.name === name).map(({ value }) => value)

describe('container image', () => {
  test('it is built on a distroless base', () => {
    expect(of('FROM')).toEqual([expect.stringMatching(/^gcr\.io\/distroless\/(base|cc)-debian12$/)])
    expect(of('RUN')).toEqual([])
  })

  test('it runs as user 1000, to whom the volumes of earlier images belong', () => {
    expect(of('USER')).toEqual(['1000:1000'])
    expect(of('COPY')).toContainEqual(expect.stringMatching(/--chown=1000:1000 \S+ \/app$/))
  })

  test('all that is written goes into the volume, so the root may be read-only', () => {
    expect(of('WORKDIR')).toEqual(['/app'])
    expect(of('VOLUME')).toEqual(['/app/data'])
    const environment = of('ENV').join(' ')
    expect(environment).toContain('DATABASE_PATH=/app/data/oauth.db')
    expect(environment).toContain('CREDENTIALS_FILE=/app/data/')
  })

  test('`docker run image version` reaches the executable, and the default is the server', () => {
    expect(of('ENTRYPOINT')).toEqual(['["/bin/authgate"]'])
    expect(of('CMD')).toEqual(['["server"]'])
  })

  test('the health check needs no shell and no tool of the image', () => {
    expect(of('HEALTHCHECK')).toEqual([expect.stringMatching(/ CMD \["\/bin\/authgate", "healthcheck"\]$/)])
  })

  test('the version is an argument, and a label', () => {
    expect(of('ARG')).toContain('VERSION=dev')
    for (const label of ['title', 'description', 'source', 'licenses', 'version', 'revision'])
      expect(of('LABEL').join(' ')).toContain(`org.opencontainers.image.${label}=`)
  })

  test('what the build copies is there', async () => {
    const copied = all.filter(({ name, value }) => name === 'COPY' && !value.includes('--from'))
    const sources = copied.flatMap(({ value }) => value.split(/\s+/).slice(0, -1))
    for (const source of sources) expect(existsSync(source)).toBe(true)
    const kept = (await Bun.file('.dockerignore').text()).split('\n')
    for (const source of ['package.json', 'bun.lock', 'bunfig.toml', 'scripts', 'src', 'views', 'drizzle'])
      expect(kept).toContain(`!${source}`)
  })
})
