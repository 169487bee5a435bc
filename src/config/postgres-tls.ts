/** TLS to PostgreSQL by `sslmode`, as libpq understands it. */
import { readFileSync } from 'node:fs'
import { DsnError } from './dsn-error'

export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

export type TlsMode = (typeof TLS_MODES)[number]

export const isTlsMode = (text: string): text is TlsMode => TLS_MODES.some((mode) => mode === text)

/** Without a mode it is `prefer`; `system` as root certificate means the system's store, and `verify-full`. */
export function tlsOptions(
  mode: TlsMode | undefined,
  rootFile: string | undefined,
  certFile: string | undefined,
  keyFile: string | undefined,
): boolean | 'prefer' | object {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new DsnError('DATABASE_DSN: sslcert and sslkey must be given together')
  const isSystem = rootFile === 'system'
  const files = {
    ...(rootFile !== undefined && !isSystem && { ca: readPem('sslrootcert', rootFile) }),
    ...(certFile !== undefined && { cert: readPem('sslcert', certFile) }),
    ...(keyFile !== undefined && { key: readPem('sslkey', keyFile) }),
  }
  const chainOnly = { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  switch (isSystem ? 'verify-full' : (mode ?? 'prefer')) {
    case 'disable':
      return false
    case 'allow':
    case 'prefer':
      return 'prefer'
    case 'require':
      return rootFile === undefined ? { ...files, rejectUnauthorized: false } : chainOnly
    case 'verify-ca':
      return chainOnly
    case 'verify-full':
      return { ...files, rejectUnauthorized: true }
  }
}

function readPem(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    throw new DsnError(`DATABASE_DSN: cannot read ${key} ${file}: ${code}; it must name a PEM file this user can read`)
  }
}
