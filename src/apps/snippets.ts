/** Programs that use an application as it is registered, to be copied. */
import type { SnippetView } from '../../views/components/snippets'
import type { Client } from '../clients/clients'
import { scopeNames } from '../oauth/scope'

type Described = Pick<
  Client,
  | 'clientId'
  | 'clientType'
  | 'scopes'
  | 'redirectUris'
  | 'enableDeviceFlow'
  | 'enableAuthCodeFlow'
  | 'enableClientCredentialsFlow'
>

/** One word of a POSIX shell, whatever is in it. */
const shellWord = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A string of JavaScript; `<` cannot end anything around it. */
const jsString = (text: string): string => JSON.stringify(text).replaceAll('<', '\\u003c')

/** `issuer` is the public address of the server. */
export function snippetsFor(issuer: string, client: Described): SnippetView[] {
  const { enableDeviceFlow, enableAuthCodeFlow, enableClientCredentialsFlow } = client
  const forUsers = enableDeviceFlow || enableAuthCodeFlow
  return [
    ...(enableDeviceFlow ? [{ id: 'device', code: deviceScript(issuer, client) } as const] : []),
    ...(enableAuthCodeFlow ? [{ id: 'code', code: codeProgram(issuer, client) } as const] : []),
    ...(enableClientCredentialsFlow ? [{ id: 'credentials', code: credentialsRequest(issuer, client) } as const] : []),
    ...(forUsers && scopeNames(client.scopes).includes('openid')
      ? [{ id: 'userinfo', code: userInfoRequest(issuer) } as const]
      : []),
  ]
}

const isPublic = ({ clientType }: Described): boolean => clientType === 'public'

function deviceScript(issuer: string, client: Described): string {
  const secret = isPublic(client) ? '' : ' \\\n    -d "client_secret=$CLIENT_SECRET"'
  return `#!/bin/sh
# Needs curl and jq.
issuer=${shellWord(issuer)}
client_id=${shellWord(client.clientId)}
scope=${shellWord(client.scopes)}

answer=$(curl -fsS "$issuer/oauth/device/code" \\
    -d "client_id=$client_id" --data-urlencode "scope=$scope"${secret}) || exit 1
device_code=$(printf %s "$answer" | jq -r .device_code)
interval=$(printf %s "$answer" | jq -r .interval)
printf 'Open %s and compare the code %s\\n' \\
  "$(printf %s "$answer" | jq -r .verification_uri_complete)" \\
  "$(printf %s "$answer" | jq -r .user_code)"

while :; do
  sleep "$interval"
  answer=$(curl -sS "$issuer/oauth/token" \\
    -d grant_type=urn:ietf:params:oauth:grant-type:device_code \\
    -d "client_id=$client_id" -d "device_code=$device_code"${secret}) || exit 1
  case $(printf %s "$answer" | jq -r '.error // "ok"') in
    authorization_pending) ;;
    slow_down) interval=$((interval + 5)) ;;
    ok) printf %s "$answer" | jq -r .access_token; exit 0 ;;
    *) printf %s "$answer" | jq -r '.error_description // .error' >&2; exit 1 ;;
  esac
done
`
}

function codeProgram(issuer: string, client: Described): string {
  const method = isPublic(client) ? 'client.None()' : 'client.ClientSecretPost(process.env.CLIENT_SECRET)'
  // Only for trying things out: the library refuses servers without TLS otherwise.
  const insecure = issuer.startsWith('http:') ? ', { execute: [client.allowInsecureRequests] }' : ''
  return `import * as client from 'openid-client'

const server = new URL(${jsString(issuer)})
const config = await client.discovery(server, ${jsString(client.clientId)}, undefined, ${method}${insecure})

// When somebody wants to sign in: keep verifier and state in the session, then send the browser to the address.
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: ${jsString(client.redirectUris[0] ?? '')},
  scope: ${jsString(client.scopes)},
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
})

// When the browser comes back to the redirect URI: currentUrl is the whole address it was sent to.
export const finish = (currentUrl) =>
  client.authorizationCodeGrant(config, new URL(currentUrl), { pkceCodeVerifier: verifier, expectedState: state })

console.log(address.href)
`
}

const credentialsRequest = (
  issuer: string,
  { clientId }: Described,
): string => `curl -fsS ${shellWord(`${issuer}/oauth/token`)} \\
  -u ${shellWord(clientId)}":$CLIENT_SECRET" \\
  -d grant_type=client_credentials
`

const userInfoRequest = (issuer: string): string => `curl -fsS ${shellWord(`${issuer}/oauth/userinfo`)} \\
  -H "Authorization: Bearer $ACCESS_TOKEN"
`
