/** The samples for containers and proxies: read by the parsers there are, their settings by the server's own. */
import { describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { loadConfiguration } from '../../src/config/load'
import { settingsTable } from '../../src/config/settings'
import { selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'

type Yaml = { readonly [name: string]: Yaml } & readonly Yaml[] & string

const read = (name: string): string => readFileSync(`scripts/deploy/${name}`, 'utf8')
const at = (value: Yaml | undefined, path: string): Yaml | undefined =>
  path.split('.').reduce<Yaml | undefined>((inner, name) => inner?.[name], value)

async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = temporaryFolder('samples')
  try {
    return await work(folder)
  } finally {
    removeFolder(folder)
  }
}

/** Throws what is wrong with the settings. */
const accepted = (env: Record<string, string>, cwd: string) => loadConfiguration({ env, cwd, write: false })

const RANDOM = 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03'

describe('Kubernetes', () => {
  const documents = Bun.YAML.parse(read('kubernetes.yaml')) as unknown as Yaml[]
  const of = (kind: string) => documents.find((document) => at(document, 'kind') === kind)
  const pod = at(of('Deployment'), 'spec.template.spec')
  const container = at(pod, 'containers.0')
  const LABEL = 'app.kubernetes.io/name'

  test('every object has what every object needs', () => {
    const kinds = documents.map((document) => String(at(document, 'kind')))
    expect(kinds).toEqual([
      ...['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Service', 'Ingress', 'NetworkPolicy'],
    ])
    for (const document of documents) {
      expect(at(document, 'apiVersion')).toBeString()
      expect(at(document, 'metadata.namespace')).toBe('authgate' as Yaml)
    }
  })

  test('selectors find the pods, and ports have the names that others use', () => {
    const labels = at(of('Deployment'), 'spec.template.metadata.labels')
    expect(labels?.[LABEL]).toBe('authgate' as Yaml)
    expect(at(of('Deployment'), 'spec.selector.matchLabels')).toEqual(labels as Yaml)
    expect(at(of('Service'), 'spec.selector')).toEqual(labels as Yaml)
    expect(at(of('PodDisruptionBudget'), 'spec.selector.matchLabels')).toEqual(labels as Yaml)
    expect(at(of('NetworkPolicy'), 'spec.podSelector.matchLabels')).toEqual(labels as Yaml)
    expect((at(container, 'ports') as readonly Yaml[]).map((port) => String(port.name))).toEqual(['http', 'metrics'])
  })

  test('its settings are settings, accepted in production with secrets from files', () =>
    inFolder((folder) => {
      const data = { ...(at(of('ConfigMap'), 'data') as unknown as Record<string, string>) }
      const samples: Record<string, string> = {
        'database-dsn': 'postgres://authgate:x@postgres.example.com:5432/authgate?sslmode=verify-full',
      }
      for (const [name, path] of Object.entries(data)) {
        if (!name.endsWith('_FILE')) continue
        expect(path).toStartWith('/run/secrets/authgate/')
        const file = join(folder, basename(path))
        writeFileSync(file, samples[basename(path)] ?? [...RANDOM].sort().join('').slice(0, 8) + name + RANDOM)
        data[name] = file
        expect(settingsTable).toHaveProperty(name.replace(/_FILE$/, ''))
      }
      const { settings, warnings } = accepted(data, folder)
      expect(settings.production).toBe(true)
      expect(warnings.filter((warning) => /unknown|looks like/i.test(warning))).toEqual([])
      const named = [...read('kubernetes.yaml').matchAll(/--from-literal=([\w-]+)=/g)].map(([, name]) => name)
      const used = Object.values(data).filter((value) => value.startsWith(folder))
      expect(named.sort()).toEqual(used.map((path) => basename(path)).sort())
    }))

  test.skipIf(!Bun.which('kubectl'))('kubectl knows every object', () => {
    // Decodes the objects without asking any cluster.
    const command = ['kubectl', 'label', '--local', '-f', 'scripts/deploy/kubernetes.yaml', 'a=b', '-o', 'name']
    const { exitCode, stdout } = Bun.spawnSync(command, { env: { ...process.env, KUBECONFIG: '/dev/null' } })
    expect({ exitCode, objects: stdout.toString().trim().split('\n').length }).toEqual({ exitCode: 0, objects: 6 })
  })

  test('probes: the process decides about restarts, the database about requests', () => {
    expect(String(at(container, 'livenessProbe.httpGet.path'))).toBe('/livez')
    expect(String(at(container, 'startupProbe.httpGet.path'))).toBe('/livez')
    expect(String(at(container, 'readinessProbe.httpGet.path'))).toBe('/readyz')
  })

  test('nothing it does not need is allowed [SEC]', () => {
    expect(at(container, 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    } as unknown as Yaml)
    expect(at(pod, 'securityContext')).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    expect(at(pod, 'automountServiceAccountToken')).toBe(false as unknown as Yaml)
  })

  test('a pod may take as long as its shutdown takes, and one is always left', () => {
    const { SHUTDOWN_DELAY } = at(of('ConfigMap'), 'data') as unknown as { SHUTDOWN_DELAY: string }
    const rest = [
      'SERVER_SHUTDOWN_TIMEOUT',
      'AUDIT_SHUTDOWN_TIMEOUT',
      'REDIS_CLOSE_TIMEOUT',
      'DB_CLOSE_TIMEOUT',
    ] as const
    const sum = rest.reduce((total, name) => total + (settingsTable[name].default as number), 0) / 1000
    expect(Number(at(pod, 'terminationGracePeriodSeconds'))).toBeGreaterThan(sum + Number.parseInt(SHUTDOWN_DELAY, 10))
    expect(at(of('PodDisruptionBudget'), 'spec.minAvailable')).toBe(1 as unknown as Yaml)
    expect(Number(at(of('Deployment'), 'spec.replicas'))).toBeGreaterThan(1)
  })
})

describe('compose', () => {
  const file = Bun.YAML.parse(read('compose.yaml')) as unknown as Yaml
  const service = at(file, 'services.authgate')

  test('its settings are accepted, and a missing secret ends it before it starts', () =>
    inFolder((folder) => {
      const environment = at(service, 'environment') as unknown as Record<string, string>
      const values: Record<string, string> = { BASE_URL: 'https://id.example.com' }
      const env = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [
          name,
          value.replaceAll(/\$\{(\w+):\?\}/g, (_, variable: string) => values[variable] ?? variable + RANDOM),
        ]),
      )
      for (const name of Object.keys(env)) expect(settingsTable).toHaveProperty(name)
      expect(accepted(env, folder).settings.RATE_LIMIT_STORE).toBe('redis')
      expect(read('compose.yaml')).not.toMatch(/\$\{\w+(:-[^}]*)?\}/)
    }))

  test('it waits for healthy neighbours, may write into its volume only, and is not open to the world [SEC]', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    for (const name of Object.keys(at(service, 'depends_on') ?? {}))
      expect(at(file, `services.${name}.healthcheck.test`)).toBeArray()
    expect(at(service, 'ports') as unknown as string[]).toEqual(['127.0.0.1:8080:8080'])
    for (const name of ['postgres', 'redis']) expect(at(file, `services.${name}.ports`)).toBeUndefined()
  })

  const engine = ['docker', 'podman'].find(
    (name) => Bun.which(name) && Bun.spawnSync([name, 'compose', 'version']).exitCode === 0,
  )
  test.skipIf(engine === undefined)('compose itself reads it', () => {
    const variables = ['BASE_URL', 'JWT_SECRET', 'SESSION_SECRET', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD']
    const { exitCode } = Bun.spawnSync([engine ?? '', 'compose', '-f', 'scripts/deploy/compose.yaml', 'config', '-q'], {
      env: { ...process.env, ...Object.fromEntries(variables.map((name) => [name, 'x'])) },
    })
    expect(exitCode).toBe(0)
  })
})

describe('Caddy', () => {
  const lines = read('Caddyfile')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('it overwrites the forwarded address instead of adding to what the client sent [SEC]', () => {
    expect(lines).toContain('header_up X-Forwarded-For {remote_host}')
    expect(lines.filter((line) => /header_up \+/.test(line))).toEqual([])
  })

  test('it adds no header that the server sets itself, and its braces are balanced', () => {
    expect(lines.filter((line) => line.startsWith('header ') || line.startsWith('header_down'))).toEqual([])
    const opened = lines.filter((line) => line.endsWith('{')).length
    expect(opened).toBe(lines.filter((line) => line === '}').length)
  })

  test.skipIf(!Bun.which('caddy'))('Caddy itself reads it', () => {
    const command = ['caddy', 'adapt', '--config', 'scripts/deploy/Caddyfile', '--adapter', 'caddyfile', '--validate']
    expect(Bun.spawnSync(command).exitCode).toBe(0)
  })
})

test.skipIf(!Bun.which('nginx'))('nginx itself reads its sample', () =>
  inFolder((folder) => {
    const { certFile, keyFile } = selfSignedCertificate(folder, 'id.example.com')
    const sample = read('nginx.conf')
      .replace('/etc/ssl/id.example.com/fullchain.pem', certFile)
      .replace('/etc/ssl/id.example.com/privkey.pem', keyFile)
    mkdirSync(join(folder, 'logs'))
    writeFileSync(join(folder, 'nginx.conf'), `pid ${folder}/pid;\nevents {}\nhttp {\n${sample}\n}\n`)
    const { exitCode, stderr } = Bun.spawnSync(['nginx', '-t', '-p', folder, '-c', join(folder, 'nginx.conf')])
    expect({ exitCode, said: exitCode === 0 ? '' : stderr.toString() }).toEqual({ exitCode: 0, said: '' })
  }),
)
