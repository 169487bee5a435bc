/** What a first start hands to the operator. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SeededCredentials {
  /** Of `admin`; empty when it was configured. */
  readonly password: string
  readonly clientId: string
  readonly clientSecret: string
}

export function readCredentials(folder: string, file = 'authgate-credentials.txt'): SeededCredentials {
  const text = readFileSync(join(folder, file), 'utf8')
  const value = (label: string) => new RegExp(`^${label}: (.+)$`, 'm').exec(text)?.[1] ?? ''
  return { password: value('Admin Password'), clientId: value('Client ID'), clientSecret: value('Client Secret') }
}
