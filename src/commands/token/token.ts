/** `authgate token`: revocation by whoever runs the server. */
import { revokeAllAccess } from '../../clients/client-grants'
import { findClient } from '../../clients/clients'
import type { Context } from '../../context'
import { findUserByUsername } from '../../identity/users'
import type { TokenRow } from '../../tokens/records'
import { findTokenByText, revokeGrantAsOperator, revokeTokensOfUserAsOperator } from '../../tokens/revoke-as-operator'
import { findTokenRow } from '../../tokens/token-list'
import { COMMAND_LINE } from '../../users/administrators'
import { quoted } from '../clients/show'
import type { Given } from '../command-line'
import { report } from '../report'
import { CommandRefusal, runCommand, type Surroundings } from '../run-command'
import { readSecret } from '../secret-input'
import { TOKEN } from '../table'

const NOTES = `ID is the "jti" of a token. A token itself is never an argument: every user of the machine could read it.
The server may run meanwhile; every change is in the audit trail, made by "authgate command".

Exit codes: 0 done, also when nothing was left to revoke; 1 refused or failed, nothing was changed; 2 wrong usage.`

export const token = (argv: readonly string[], surroundings: Surroundings): Promise<number> =>
  runCommand({ entry: TOKEN, notes: NOTES, run: revoke }, argv, surroundings)

async function revoke(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const { operand, options } = given
  const [file, user, client] = [options.get('token-file'), options.get('user'), options.get('client')]
  if ([operand || undefined, file, user, client].filter((each) => each !== undefined).length !== 1)
    throw new CommandRefusal('one of ID, --token-file, --user and --client is needed')
  const revoked =
    user !== undefined
      ? await ofUser(ctx, user)
      : client !== undefined
        ? await ofClient(ctx, client)
        : await ofGrant(ctx, file === undefined ? byId(operand) : byText(await readSecret(file, surroundings)))
  report(given, surroundings, { tokens_revoked: revoked }, [`Tokens revoked: ${revoked}`])
}

async function ofUser(ctx: Context, name: string): Promise<number> {
  const user = await findUserByUsername(ctx, name)
  if (!user) throw new CommandRefusal(`there is no user ${quoted(name)}`)
  return await revokeTokensOfUserAsOperator(ctx, COMMAND_LINE, user)
}

async function ofClient(ctx: Context, id: string): Promise<number> {
  const client = await findClient(ctx, id)
  if (!client) throw new CommandRefusal(`there is no client with the id ${quoted(id)}`)
  return (await revokeAllAccess(ctx, COMMAND_LINE, client, 'admin')).tokensRevoked
}

type Find = (ctx: Context) => Promise<TokenRow | undefined>

const byId =
  (id: string): Find =>
  (ctx) =>
    id.includes('\u0000') ? Promise.resolve(undefined) : findTokenRow(ctx, id)

const byText =
  (text: string): Find =>
  (ctx) =>
    findTokenByText(ctx, text)

async function ofGrant(ctx: Context, find: Find): Promise<number> {
  const found = await find(ctx)
  if (!found) throw new CommandRefusal('there is no such token')
  return await revokeGrantAsOperator(ctx, COMMAND_LINE, found)
}
