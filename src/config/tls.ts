/** Reads and judges the server's certificate before anything is opened. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TlsFiles } from './settings'

/** The message names the variable and the file. */
class TlsError extends Error {}

const SOON_MS = 14 * 24 * 3_600_000

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    throw new TlsError(`cannot read ${variable} ${file}: ${code}; it must name a file this user can read`)
  }
}

/** Throws `TlsError` for files that cannot serve; a certificate that ends soon comes back as a warning. */
export function loadTls(certFile: string, keyFile: string, nowMs: number): { files: TlsFiles; warning?: string } {
  const files = { cert: read('TLS_CERT_FILE', certFile), key: read('TLS_KEY_FILE', keyFile) }
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(files.cert)
  } catch {
    throw new TlsError(`TLS_CERT_FILE ${certFile} holds no PEM certificate; it must hold the chain, leaf first`)
  }
  let key: KeyObject
  try {
    key = createPrivateKey(files.key)
  } catch {
    throw new TlsError(
      `TLS_KEY_FILE ${keyFile} holds no unencrypted PEM private key; it must hold that of the certificate`,
    )
  }
  if (!certificate.checkPrivateKey(key))
    throw new TlsError(
      `TLS_CERT_FILE ${certFile} and TLS_KEY_FILE ${keyFile} do not belong together; use the key the certificate was made for`,
    )
  const endsMs = Date.parse(certificate.validTo)
  if (endsMs <= nowMs)
    throw new TlsError(`the certificate in TLS_CERT_FILE ${certFile} expired on ${iso(endsMs)}; renew it`)
  if (Date.parse(certificate.validFrom) > nowMs)
    throw new TlsError(`the certificate in TLS_CERT_FILE ${certFile} is not valid yet; check the clock of this machine`)
  if (endsMs - nowMs < SOON_MS)
    return { files, warning: `the certificate in TLS_CERT_FILE ${certFile} expires on ${iso(endsMs)}; renew it` }
  return { files }
}

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
