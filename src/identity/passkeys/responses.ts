/** What an authenticator answers, as the scripts of the pages send it: JSON with base64url inside. */

import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'

/** Answers are a few hundred bytes, or a few thousand with certificates in them. */
const LONGEST = 16_384

const base64url = (maxLength: number) => t.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$' })
/** 1023 bytes (W3C Web Authentication §4, credential id). */
const credentialId = base64url(1_364)
const clientData = base64url(4_096)

const RegistrationResponse = t.Object({
  id: credentialId,
  rawId: credentialId,
  type: t.Literal('public-key'),
  response: t.Object({
    clientDataJSON: clientData,
    attestationObject: base64url(12_000),
    transports: t.Optional(t.Array(t.String({ pattern: '^[a-z-]{1,20}$' }), { maxItems: 10 })),
  }),
})

const AssertionResponse = t.Object({
  id: credentialId,
  rawId: credentialId,
  type: t.Literal('public-key'),
  response: t.Object({
    clientDataJSON: clientData,
    authenticatorData: base64url(4_096),
    signature: base64url(4_096),
    userHandle: t.Optional(base64url(100)),
  }),
})

export type RegistrationResponse = Static<typeof RegistrationResponse>
export type AssertionResponse = Static<typeof AssertionResponse>

/** Undefined when it is none. Members nobody reads are left out. */
export const readRegistration = (text: string): RegistrationResponse | undefined => {
  const value = parse(text)
  return Value.Check(RegistrationResponse, value) ? value : undefined
}

export const readAssertion = (text: string): AssertionResponse | undefined => {
  const value = parse(text)
  return Value.Check(AssertionResponse, value) ? value : undefined
}

function parse(text: string): unknown {
  if (text.length > LONGEST) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const ClientData = t.Object({
  challenge: t.String({ maxLength: 200 }),
  crossOrigin: t.Optional(t.Boolean()),
  topOrigin: t.Optional(t.String()),
})

export interface ClientData {
  /** base64url. */
  readonly challenge: string
  /** Another site has the page in a frame. */
  readonly framed: boolean
}

/** What the browser says about the page (§5.8.1); undefined when it says nothing that can be understood. */
export function readClientData(clientDataJSON: string): ClientData | undefined {
  const value = parse(Buffer.from(clientDataJSON, 'base64url').toString())
  if (!Value.Check(ClientData, value)) return undefined
  return { challenge: value.challenge, framed: value.crossOrigin === true || value.topOrigin !== undefined }
}
