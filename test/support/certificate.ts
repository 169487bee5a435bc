/** Certificates for tests, made with openssl. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CertificateFiles {
  certFile: string
  keyFile: string
}

function openssl(...args: string[]): void {
  const run = Bun.spawnSync(['openssl', ...args])
  if (!run.success) throw new Error(`openssl ${args[0]} failed: ${run.stderr.toString()}`)
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const alternativeNames = (host: string): string => `DNS:${host},IP:127.0.0.1`

/** A self-signed P-256 certificate for `host` and 127.0.0.1. */
export function selfSignedCertificate(folder: string, host: string, days = 30): CertificateFiles {
  const name = crypto.randomUUID()
  const certFile = join(folder, `${name}.crt`)
  const keyFile = join(folder, `${name}.key`)
  openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', keyFile, '-out', certFile, '-subj', `/CN=${host}`],
    ...['-addext', `subjectAltName=${alternativeNames(host)}`, '-days', String(days)],
  )
  return { certFile, keyFile }
}

/** One that was valid in January 2020. `openssl req` makes none in the past, `openssl ca` does. */
export function expiredCertificate(folder: string, host: string): CertificateFiles {
  const work = join(folder, crypto.randomUUID())
  mkdirSync(work)
  const [certFile, keyFile, requestFile, config] = ['crt', 'key', 'csr', 'cnf'].map((end) =>
    join(work, `x.${end}`),
  ) as [string, string, string, string]
  writeFileSync(join(work, 'index.txt'), '')
  writeFileSync(
    config,
    `[ca]
default_ca = one
[one]
database = ${work}/index.txt
new_certs_dir = ${work}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = ${alternativeNames(host)}
`,
  )
  openssl('req', '-new', ...NEW_KEY, '-keyout', keyFile, '-out', requestFile, '-subj', `/CN=${host}`)
  openssl(
    ...['ca', '-batch', '-selfsign', '-notext', '-config', config, '-keyfile', keyFile, '-in', requestFile],
    ...['-out', certFile, '-startdate', '20200101000000Z', '-enddate', '20200201000000Z'],
  )
  return { certFile, keyFile }
}
