/** A sign-in at a provider without our server: there and back, and who the provider says it was. */
import { createProviders } from '../../../src/identity/providers'
import { type Provider, type ProviderAccount, ProviderFailure } from '../../../src/identity/providers/provider'
import { testSettings } from '../settings'

export const clock = { now: () => Date.now() }

export function theProvider(settings: Record<string, string>): Provider {
  const [provider] = createProviders(testSettings(settings), clock).all
  if (!provider) throw new Error('no provider')
  return provider
}

export interface Visit {
  readonly fresh?: boolean
  /** Redeemed in place of the right one. */
  readonly codeVerifier?: string
  readonly nonce?: string
}

export async function visit(provider: Provider, options: Visit = {}): Promise<ProviderAccount> {
  const { fresh = false } = options
  const codeVerifier = 'v'.repeat(43)
  const nonce = 'n'.repeat(43)
  const startedAt = new Date(Date.now())
  const url = await provider.authorizationUrl({ state: 'state', codeVerifier, nonce, fresh })
  const answer = await fetch(url, { redirect: 'manual' })
  const back = new URL(answer.headers.get('location') ?? 'http://localhost/nowhere').searchParams
  return provider.account({
    code: back.get('code') ?? '',
    iss: back.get('iss') ?? undefined,
    codeVerifier: options.codeVerifier ?? codeVerifier,
    nonce: options.nonce ?? nonce,
    fresh,
    startedAt,
  })
}

/** What went wrong, as `step: reason`; an empty text when nothing did. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return ''
  } catch (error) {
    if (error instanceof ProviderFailure) return error.message
    throw error
  }
}
