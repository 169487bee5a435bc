import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Check } from './check'

type CaFile =
  | `${'OUTGOING' | 'GITHUB' | 'GITEA' | 'GITLAB' | 'MICROSOFT' | 'OIDC' | 'REDIS_TLS'}_CA_FILE`
  | 'REDIS_TLS_CERT_FILE'

/** A file of authorities must be there and hold a certificate; without a name there is nothing to check. */
export function checkCertificates({ values, problem }: Check, name: CaFile): void {
  const file = values[name]
  if (file === '') return
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    problem(`cannot read ${name} ${file}: ${code}; it must name a file this user can read`)
    return
  }
  try {
    new X509Certificate(pem)
  } catch {
    problem(`${name} ${file} holds no PEM certificate; it must hold at least one`)
  }
}
