import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Check } from './check'
import { isAddressOrRange } from './server'

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i
/** What only looks like an address must not be taken for a name. */
const DIGITS = /^[\d.]+$/

export function checkOutgoing({ values, problem }: Check): void {
  for (const entry of values.OUTGOING_ALLOWED_HOSTS) {
    const isName = HOST_NAME.test(entry) && !DIGITS.test(entry)
    if (!isName && !isAddressOrRange(entry))
      problem(`invalid OUTGOING_ALLOWED_HOSTS entry: "${entry}" (expected a host name, an IP address or a CIDR range)`)
  }
  if (values.OUTGOING_CA_FILE !== '') checkCertificates(values.OUTGOING_CA_FILE, problem)
}

function checkCertificates(file: string, problem: Check['problem']): void {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    problem(`cannot read OUTGOING_CA_FILE ${file}: ${code}; it must name a file this user can read`)
    return
  }
  try {
    new X509Certificate(pem)
  } catch {
    problem(`OUTGOING_CA_FILE ${file} holds no PEM certificate`)
  }
}
