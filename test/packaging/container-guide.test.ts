/**
 * A stranger's walk through the chapters about containers and proxies: their commands, taken from the text, run one after
 * the other as root of a system and a network of its own. The container is the executable in a root file system without
 * anything else, run as the Containerfile and the options say; nginx and Caddy are themselves.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { binaryPath } from '../support/binary'
import { selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { type BareRoot, bareRoot } from '../support/rootfs'
import { suiteNeeds } from '../support/skip'
import { chapters, OWN_SYSTEM, part as partOf, said } from './guide'

const HOST = 'id.example.com'
const FORGED = '6.6.6.6'
const CLIENT = '127.0.0.2'
const [, container = [], proxy = []] = chapters('en')
const [run = ''] = container
const of = (program: string) => proxy.find((block) => block.includes(program)) ?? `echo no ${program}`

/** Facts of the process in the container, which its options ask for. */
const CONFINED = `
pid=$(pgrep -u 1000 -x authgate)
grep -E '^(Uid|NoNewPrivs|CapEff):' /proc/$pid/status
awk '$6 ~ /(^|,)rw(,|$)/ {print "writable " $5}' /proc/$pid/mountinfo | sort
`
const visit = `curl -sk --noproxy '*' --interface ${CLIENT} -H 'X-Forwarded-For: ${FORGED}' -H 'X-Real-IP: ${FORGED}'`
const eventually = (command: string) => `for n in $(seq 100); do ${command} && break; sleep 0.1; done`
/** The certificate of the name is one of this test: nobody outside is asked for one. */
const ownCertificates = (commands: string) =>
  commands.replace(
    '\nsudo caddy',
    "\nsed -i '1i {\\n\\tlocal_certs\\n\\tskip_install_trust\\n}' /etc/caddy/Caddyfile\nsudo caddy",
  )
const doctor = `NODE_EXTRA_CA_CERTS=/etc/ssl/${HOST}/fullchain.pem SESSION_SECRET=$(sed -n 's/^SESSION_SECRET=//p' authgate.env) \\
  JWT_SECRET=$(sed -n 's/^JWT_SECRET=//p' authgate.env) BASE_URL=https://${HOST} DATABASE_PATH="$STAND_IN_DATA/oauth.db" \\
  "$root/authgate" doctor --json || true`

suiteNeeds('root')('the commands for a container and for proxies', () => {
  let root: string
  let image: BareRoot
  let printed = ''
  let log = ''
  const part = (name: string) => partOf(printed, name)
  const missing = ['nginx', 'caddy', 'curl'].filter((program) => !Bun.which(program))
  const withProxies = missing.length === 0

  beforeAll(() => {
    root = temporaryFolder('container-guide')
    image = bareRoot(binaryPath())
    const [files, bin] = [join(root, 'files'), join(root, 'bin')]
    for (const folder of [files, bin, join(files, 'scripts')]) mkdirSync(folder, { mode: 0o755 })
    Bun.spawnSync(['chmod', '755', root])
    cpSync('Containerfile', join(files, 'Containerfile'))
    cpSync('scripts/deploy', join(files, 'scripts/deploy'), { recursive: true })
    symlinkSync(binaryPath(), join(root, 'authgate'))
    symlinkSync(resolve('test/support/docker-stand-in.py'), join(bin, 'docker'))
    for (const name of ['sudo', 'systemctl']) symlinkSync(resolve('test/support/systemd-stand-in.py'), join(bin, name))
    const { certFile, keyFile } = selfSignedCertificate(root, HOST)
    const steps = [
      `ip link set lo up; mkdir -p /etc/ssl/${HOST} /etc/caddy; echo 127.0.0.1 ${HOST} >>/etc/hosts`,
      `cp ${certFile} /etc/ssl/${HOST}/fullchain.pem; cp ${keyFile} /etc/ssl/${HOST}/privkey.pem`,
      said('container', run),
      said('confined', CONFINED),
      said('files', 'stat -c "%a %n" authgate.env; grep -c Password authgate-credentials.txt'),
      said('direct', 'curl -s http://127.0.0.1:8080/health'),
      ...(withProxies
        ? [
            said('nginx', of('nginx')),
            said(
              'through nginx',
              `${visit} https://${HOST}/health; echo; ${visit} -o /dev/null -w '%{http_code}' https://${HOST}/login`,
            ),
            said('doctor', doctor),
            'nginx -s stop',
            eventually('! pgrep -x nginx >/dev/null'),
            said('caddy', ownCertificates(of('caddy'))),
            eventually(`${visit} -o /dev/null https://${HOST}/livez`),
            said(
              'through caddy',
              `${visit} https://${HOST}/health; echo; ${visit} -o /dev/null -w '%{http_code}' https://${HOST}/login`,
            ),
            'caddy stop',
          ]
        : []),
    ]
    writeFileSync(join(root, 'walk.sh'), `${OWN_SYSTEM}cd "$root/files"\n${steps.join('\n')}`)
    const enter = ['unshare', '--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child']
    const walk = Bun.spawnSync([...enter, 'bash', join(root, 'walk.sh'), root, bin], {
      ...{ stdin: 'ignore', timeout: 60_000 },
      env: { PATH: process.env.PATH, HOME: root, STAND_IN_ROOT: image.folder, STAND_IN_DATA: image.data },
    })
    printed = walk.stdout.toString()
    log = readFileSync(join(root, 'container.log'), 'utf8')
    const code = walk.exitCode
    expect({ code, why: code === 0 ? '' : printed.slice(-1500) + walk.stderr.toString() + log.slice(-1500) }).toEqual({
      code: 0,
      why: '',
    })
  }, 90_000)
  afterAll(() => {
    image?.remove()
    removeFolder(root)
  })

  test('the container becomes healthy, its first password is fetched, a second administrator is there', () => {
    expect(part('container')).toMatch(/^healthy$/m)
    expect(part('container')).toContain('Administrator "alice" is created')
    expect(part('files').split('\n')).toEqual(['600 authgate.env', '1'])
    expect(part('direct')).toBe('{"database":"connected","status":"healthy"}')
  })

  test('it runs as the options say: user 1000, without rights, nothing writable but its data [SEC]', () => {
    expect(part('confined').split('\n')).toEqual([
      'Uid:\t1000\t1000\t1000\t1000',
      expect.stringMatching(/^CapEff:\t0+$/),
      'NoNewPrivs:\t1',
      'writable /app/data',
      'writable /proc',
    ])
  })

  const through = test.skipIf(!withProxies)
  through.each(['nginx', 'caddy'])('%s passes requests on, and no address that a visitor made up [SEC]', (name) => {
    expect(part(`through ${name}`)).toBe('{"database":"connected","status":"healthy"}\n200')
    expect(log).toContain(CLIENT)
    expect(log).not.toContain(FORGED)
  })

  through('doctor finds that the proxy may be believed', () => {
    const { findings } = JSON.parse(part('doctor')) as { findings: { part: string; level: string; text: string }[] }
    expect(findings.filter((finding) => finding.part === 'proxy headers')).toEqual([
      expect.objectContaining({
        level: 'ok',
        text: expect.stringMatching(/^from 127\.0\.0\.1, trusted: X-Forwarded-For, X-Real-IP, X-Forwarded-Proto; /),
      }),
    ])
  })
})
