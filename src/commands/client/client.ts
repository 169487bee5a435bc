/** `authgate client`: clients made, listed and disabled; what waits is decided by `authgate clients`, under this name too. */
import { messagesOf } from '../../../views/messages'
import { problemTexts } from '../../apps/app-problems'
import { changeClient } from '../../clients/change-client'
import { checkClient } from '../../clients/check-client'
import { EMPTY_INPUT } from '../../clients/client-input'
import { countClients, selectClients } from '../../clients/client-list'
import { type Client, findClient } from '../../clients/clients'
import { createClient } from '../../clients/create-client'
import type { ClientFields } from '../../clients/fields'
import type { Context } from '../../context'
import { findUserByUsername } from '../../identity/users'
import { COMMAND_LINE } from '../../users/administrators'
import { clients } from '../clients/clients'
import { quoted } from '../clients/show'
import type { Given } from '../command-line'
import { report } from '../report'
import { CommandRefusal, readGiven, runCommand, type Surroundings } from '../run-command'
import { secretPlace, withPlace } from '../secret-output'
import { CLIENT } from '../table'

const NOTES = `The server may run meanwhile; every change is in the audit trail, made by "authgate command".

A client may change what it says of itself until it is approved: approve with the --version that you looked at.
"authgate clients" is the former name of waiting (there: list), show, approve and reject, and goes on working.

Exit codes: 0 done; 1 refused or failed, nothing was changed; 2 wrong usage.`

/** How decisions are named there. */
const DECISIONS: Readonly<Record<string, string>> = {
  waiting: 'list',
  show: 'show',
  approve: 'approve',
  reject: 'reject',
}

export async function client(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const given = readGiven(CLIENT, NOTES, argv, surroundings.output)
  if (typeof given === 'number') return given
  const decision = DECISIONS[given.command]
  if (decision === undefined) return runCommand({ entry: CLIENT, notes: NOTES, run }, argv, surroundings)
  const options = [...given.options].map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`))
  return clients([decision, ...(given.operand === '' ? [] : [given.operand]), ...options], surroundings)
}

const run = (ctx: Context, given: Given, surroundings: Surroundings): Promise<void> =>
  given.command === 'create'
    ? create(ctx, given, surroundings)
    : given.command === 'list'
      ? list(ctx, given, surroundings)
      : disable(ctx, given, surroundings)

async function create(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const fields = fieldsOf(given)
  const place = secretPlace(given, surroundings, 'client_secret')
  const ownerId = await ownerOf(ctx, given.options.get('owner'))
  const made = await withPlace(place, () =>
    createClient(ctx, COMMAND_LINE, { fields, by: 'admin', ownerId }, ({ secret }) => {
      if (secret !== undefined) place.keep(secret)
      return []
    }),
  )
  const shown = made.secret === undefined ? undefined : place.shown(made.secret)
  report(given, surroundings, { ...described(made.client), ...shown?.json }, [
    `Client ${quoted(made.client.clientName)} is active`,
    `Client ID: ${made.client.clientId}`,
    ...(shown ? [`Client Secret: ${shown.text}`] : []),
  ])
}

const GRANTS = ['device_code', 'authorization_code', 'client_credentials']

/** Throws `CommandRefusal` with everything that is wrong. */
function fieldsOf({ operand, options }: Given): ClientFields {
  const grants = (options.get('grant') ?? 'device_code').split(',').map((grant) => grant.trim())
  const unknown = grants.find((grant) => !GRANTS.includes(grant))
  if (unknown !== undefined) throw new CommandRefusal(`${quoted(unknown)} is no grant: ${GRANTS.join(', ')}`)
  const checked = checkClient(
    {
      ...EMPTY_INPUT,
      clientName: operand,
      clientType: options.get('type') ?? 'confidential',
      enableDeviceFlow: grants.includes('device_code'),
      enableAuthCodeFlow: grants.includes('authorization_code'),
      enableClientCredentialsFlow: grants.includes('client_credentials'),
      redirectUris: options.get('redirect-uri') ?? '',
      scopes: options.get('scope') ?? EMPTY_INPUT.scopes,
      description: options.get('description') ?? '',
    },
    'admin',
  )
  if ('fields' in checked) return checked.fields
  const problems = problemTexts(messagesOf('en'), checked.problems, true)
  throw new CommandRefusal(problems.map(({ text }) => text).join('; '))
}

async function ownerOf(ctx: Context, name: string | undefined): Promise<string | null> {
  if (name === undefined) return null
  const owner = await findUserByUsername(ctx, name)
  if (!owner?.isActive) throw new CommandRefusal(`there is no active user ${quoted(name)}`)
  return owner.id
}

const MOST = 100

async function list(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const { options } = given
  const typed = options.get('limit')
  const limit = Number(typed ?? MOST)
  if (!/^[1-9]\d{0,5}$/.test(typed ?? '1')) throw new CommandRefusal('--limit must be a number from 1 to 999999')
  const selection = { search: options.get('search') ?? '', filters: { status: options.get('status') } }
  const [total, found] = await Promise.all([
    countClients(ctx, selection),
    selectClients(ctx, selection, { limit, offset: 0 }),
  ])
  report(given, surroundings, { total, clients: found.map(described) }, [
    ...found.map(line),
    ...(found.length < total ? [`${found.length} of ${total} clients; more with --limit`] : []),
    ...(total === 0 ? ['No client'] : []),
  ])
}

const line = ({ clientId, clientName, status, clientType, grantTypes, scopes }: Client): string =>
  [status.padEnd(8), clientId, quoted(clientName), clientType, `grants=${grantTypes}`, `scopes=${scopes}`].join('  ')

const described = (client: Client) => ({
  client_id: client.clientId,
  client_name: client.clientName,
  client_type: client.clientType,
  status: client.status,
  grant_types: client.grantTypes.split(' '),
  scope: client.scopes,
  redirect_uris: client.redirectUris,
  origin: client.origin,
  owner_id: client.userId,
  created_at: client.createdAt.toISOString(),
})

async function disable(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const found = await findClient(ctx, given.operand)
  if (!found) throw new CommandRefusal(`there is no client with the id ${quoted(given.operand)}`)
  const { changed, tokensRevoked } = await changeClient(ctx, COMMAND_LINE, found, {
    fields: found,
    by: 'admin',
    status: 'inactive',
  })
  const { clientId, clientName } = found
  const json = { client_id: clientId, status: 'inactive', changed, tokens_revoked: tokensRevoked }
  report(given, surroundings, json, [
    changed
      ? `Client ${quoted(clientName)} is inactive; tokens revoked: ${tokensRevoked}`
      : `Client ${quoted(clientName)} is inactive already`,
  ])
}
