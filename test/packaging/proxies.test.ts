/** The samples for proxies, run by the proxies themselves where they are installed, in front of the executable. */
import { describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBinary } from '../support/binary'
import { selfSignedCertificate } from '../support/certificate'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'

const HOST = 'id.example.com'
const CLIENT = '127.0.0.2'
const FORGED = '6.6.6.6'
const sample = (name: string) => readFileSync(join('scripts/deploy', name), 'utf8')

interface Ports {
  readonly http: number
  readonly https: number
  readonly server: number
}

/** The command that runs a proxy in the foreground, from its sample with the addresses of this test. */
const PROXIES: Readonly<Record<string, (folder: string, ports: Ports) => string[]>> = {
  nginx: (folder, { http, https, server }) => {
    const { certFile, keyFile } = selfSignedCertificate(folder, HOST)
    const text = sample('nginx.conf')
      .replace(/^\s*listen \[::\].*$/gm, '')
      .replace('listen 80;', `listen 127.0.0.1:${http};`)
      .replace('listen 443 ssl;', `listen 127.0.0.1:${https} ssl;`)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${server}`)
      .replace(`/etc/ssl/${HOST}/fullchain.pem`, certFile)
      .replace(`/etc/ssl/${HOST}/privkey.pem`, keyFile)
    mkdirSync(join(folder, 'logs'))
    const user = process.getuid?.() === 0 ? 'user root;\n' : ''
    const start = `${user}daemon off;\npid ${folder}/pid;\nevents {}\n`
    writeFileSync(join(folder, 'nginx.conf'), `${start}http {\naccess_log off;\n${text}\n}\n`)
    return ['nginx', '-p', folder, '-e', join(folder, 'errors'), '-c', join(folder, 'nginx.conf')]
  },
  caddy: (folder, { http, https, server }) => {
    const text = sample('Caddyfile')
      .replace(`${HOST} {`, `${HOST} {\n\ttls internal`)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${server}`)
    const own = `{\n\tadmin off\n\thttp_port ${http}\n\thttps_port ${https}\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n}\n`
    writeFileSync(join(folder, 'Caddyfile'), own + text)
    return ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
  },
}

describe.each(Object.keys(PROXIES))('%s with its sample', (name) => {
  test.skipIf(!Bun.which(name) || !Bun.which('curl'))(
    'serves the executable, and addresses that a client made up do not arrive [SEC]',
    async () => {
      const folder = temporaryFolder(name)
      const ports = { http: await freePort(), https: await freePort(), server: await freePort() }
      const address = `127.0.0.1:${ports.server}`
      const secrets = { JWT_SECRET: randomBytes(32).toString('hex'), SESSION_SECRET: randomBytes(32).toString('hex') }
      const env = { ...secrets, BASE_URL: `https://${HOST}`, SERVER_ADDR: address }
      const server = await startBinary({ env, readyUrl: `http://${address}/health` })
      const proxy = Bun.spawn(PROXIES[name]?.(folder, ports) ?? [], {
        ...{ cwd: folder, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
        env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      })
      const ask = (path: string, ...more: string[]): string => {
        const resolve = `${HOST}:${ports.https}:127.0.0.1`
        const url = `https://${HOST}:${ports.https}${path}`
        const curl = ['curl', '-sk', '--noproxy', '*', '--interface', CLIENT, '--resolve', resolve, ...more, url]
        return Bun.spawnSync(curl, { timeout: 5_000 }).stdout.toString()
      }
      try {
        await eventually(`the start of ${name}`, async () => (ask('/health').includes('healthy') ? true : undefined))
        const forged = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded'].flatMap((header) => [
          ...['-H', `${header}: ${header === 'Forwarded' ? `for=${FORGED}` : FORGED}`],
        ])
        expect(ask('/login', '-i', ...forged)).toMatch(/^HTTP\/\S+ 200/)
        await eventually('the line in the log', async () => (server.log().includes(CLIENT) ? true : undefined))
        expect(server.log()).not.toContain(FORGED)
      } finally {
        proxy.kill()
        await proxy.exited
        await server.stop()
        removeFolder(folder)
      }
    },
    30_000,
  )
})
