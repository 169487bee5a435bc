/** Certificates for tests, made with openssl. */
import { join } from 'node:path'

export interface CertificateFiles {
  certFile: string
  keyFile: string
}

/** A self-signed P-256 certificate for `host` and 127.0.0.1. `days` may be negative: already expired. */
export function selfSignedCertificate(folder: string, host: string, days = 30): CertificateFiles {
  const name = crypto.randomUUID()
  const certFile = join(folder, `${name}.crt`)
  const keyFile = join(folder, `${name}.key`)
  const validity =
    days > 0 ? ['-days', String(days)] : ['-not_before', '20200101000000Z', '-not_after', '20200201000000Z']
  const made = Bun.spawnSync([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', keyFile, '-out', certFile, '-subj', `/CN=${host}`],
    ...['-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`, ...validity],
  ])
  if (!made.success) throw new Error(`openssl failed: ${made.stderr.toString()}`)
  return { certFile, keyFile }
}
