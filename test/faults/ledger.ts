/** What the server acknowledged to its callers: none of it may be lost, and nothing may be given out twice. */
import type { FormBrowser } from '../support/form-browser'

/** `open`: its end was asked for, and the answer never came. */
export type Fate = 'live' | 'open' | 'ended'

export interface HeldToken {
  readonly kind: 'access' | 'refresh'
  readonly clientId: string
  fate: Fate
}

export interface HeldCode {
  readonly clientId: string
  readonly verifier: string
  /** `redeeming`: asked for, and the answer never came. */
  state: 'issued' | 'redeeming' | 'redeemed'
  /** What it was redeemed for, and what that was refreshed to. */
  readonly tokens: string[]
}

export interface HeldDeviceCode {
  /** `approving` and `redeeming`: asked for, and the answer never came. */
  state: 'pending' | 'approving' | 'approved' | 'redeeming' | 'redeemed'
  /** What it was redeemed for. */
  readonly tokens?: readonly string[]
}

export interface Ledger {
  readonly tokens: Map<string, HeldToken>
  readonly codes: Map<string, HeldCode>
  readonly deviceCodes: Map<string, HeldDeviceCode>
  /** Refresh tokens that were presented without an answer, and the client they belong to. */
  readonly unansweredRefreshes: Map<string, string>
  readonly sessions: Map<FormBrowser, Fate>
  /** Audit records, by type and what they are about, that must be there exactly once. */
  readonly records: string[]
  /** The least number of audit records of types whose resource the caller does not learn. */
  readonly counts: Map<string, number>
}

export const emptyLedger = (): Ledger => ({
  tokens: new Map(),
  codes: new Map(),
  deviceCodes: new Map(),
  unansweredRefreshes: new Map(),
  sessions: new Map(),
  records: [],
  counts: new Map(),
})

export function setFate(ledger: Ledger, tokens: readonly string[], fate: Fate): void {
  for (const token of tokens) {
    const held = ledger.tokens.get(token)
    if (held) held.fate = fate
  }
}

export const recordOf = (eventType: string, resourceId: string): string => `${eventType} ${resourceId}`

export const countOne = (ledger: Ledger, eventType: string): void =>
  void ledger.counts.set(eventType, (ledger.counts.get(eventType) ?? 0) + 1)

/** The id of a token, which is a JWT. */
export function idOf(token: string): string {
  const [, payload = ''] = token.split('.')
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti?: unknown }
  if (typeof jti !== 'string') throw new Error('a token without jti')
  return jti
}
