/** `authgate admin`: accounts, for somebody who cannot or need not sign in to the pages. */
import type { Context } from '../../context'
import { hasSecondFactor } from '../../identity/second-factor/required'
import { findUserByUsername, type User } from '../../identity/users'
import { COMMAND_LINE } from '../../users/administrators'
import { createUser } from '../../users/create-user'
import { resetPassword } from '../../users/reset-password'
import { resetSecondFactor } from '../../users/reset-second-factor'
import { unlockUser } from '../../users/unlock-user'
import { enableUser } from '../../users/user-status'
import { quoted } from '../clients/show'
import type { Given } from '../command-line'
import { report } from '../report'
import { CommandRefusal, runCommand, type Surroundings } from '../run-command'
import { chosenPassword } from '../secret-input'
import { secretPlace, withPlace } from '../secret-output'
import { ADMIN } from '../table'

const NOTES = `The server may run meanwhile; every change is in the audit trail, made by "authgate command". A password is generated
unless --prompt or --password-file gives one: never as an argument, which every user of the machine could read.

Exit codes: 0 done; 1 refused or failed, nothing was changed; 2 wrong usage.`

export const admin = (argv: readonly string[], surroundings: Surroundings): Promise<number> =>
  runCommand({ entry: ADMIN, notes: NOTES, run }, argv, surroundings)

function run(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  switch (given.command) {
    case 'create':
      return create(ctx, given, surroundings)
    case 'reset-second-factor':
      return removeFactors(ctx, given, surroundings)
    case 'unlock':
      return unlock(ctx, given, surroundings)
    default:
      return reset(ctx, given, surroundings)
  }
}

async function create(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const { operand, options } = given
  const email = options.get('email')
  if (email === undefined) throw new CommandRefusal('--email is missing')
  const place = secretPlace(given, surroundings, 'password')
  const input = {
    username: operand,
    email,
    fullName: options.get('full-name') ?? '',
    role: options.get('role') ?? 'admin',
    password: (await chosenPassword(given, surroundings)) ?? '',
    noAutoLink: false,
    reuseUsername: options.has('reuse-name'),
  }
  const { user, generatedPassword } = await withPlace(place, () =>
    createUser(ctx, COMMAND_LINE, input, (created) => {
      if (created.generatedPassword !== undefined) place.keep(created.generatedPassword)
      return []
    }),
  )
  const shown = generatedPassword === undefined ? undefined : place.shown(generatedPassword)
  const { id, username, role } = user
  report(given, surroundings, { id, username, role, ...shown?.json }, [
    `${role === 'admin' ? 'Administrator' : 'User'} ${quoted(username)} is created: ${id}`,
    ...(shown ? [`Password: ${shown.text}`] : []),
    'Another password has to be chosen at the first sign-in',
  ])
}

async function reset(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const user = await requireUser(ctx, given.operand)
  const place = secretPlace(given, surroundings, 'password')
  const password = await chosenPassword(given, surroundings)
  let generated: string | undefined
  const ended = await withPlace(place, () =>
    resetPassword(
      ctx,
      undefined,
      user,
      { addsPassword: given.options.has('adds-password'), ...(password !== undefined && { password }) },
      (made) => {
        if (password === undefined) {
          generated = made
          place.keep(made)
        }
        return []
      },
    ),
  )
  const shown = generated === undefined ? undefined : place.shown(generated)
  const { id, username } = user
  const counts = { tokens_revoked: ended.tokensRevoked, sessions_ended: ended.sessionsEnded }
  report(given, surroundings, { id, username, ...counts, ...shown?.json }, [
    `Password of ${quoted(username)} is replaced; tokens revoked: ${ended.tokensRevoked}, sessions ended: ${ended.sessionsEnded}`,
    ...(shown ? [`Password: ${shown.text}`] : []),
    'Another password has to be chosen at the next sign-in',
    ...(user.isActive ? [] : ['The account is disabled: authgate admin unlock --enable']),
  ])
}

/** For the administrator who lost phone and codes, and whom no other can help. */
async function removeFactors(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const user = await requireUser(ctx, given.operand)
  const had = hasSecondFactor(user)
  const ended = had ? await resetSecondFactor(ctx, COMMAND_LINE, user) : 0
  const { id, username } = user
  report(given, surroundings, { id, username, removed: had, sessions_ended: ended }, [
    had
      ? `Authenticator app, passkeys and recovery codes of ${quoted(username)} are removed; sessions ended: ${ended}`
      : `${quoted(username)} has no second factor`,
    ...(had && user.passwordHash === '' && user.authSource === 'local'
      ? ['The account has no password: authgate admin reset-password --adds-password']
      : []),
  ])
}

async function unlock(ctx: Context, given: Given, surroundings: Surroundings): Promise<void> {
  const user = await requireUser(ctx, given.operand)
  const enables = given.options.has('enable') && !user.isActive
  if (enables) await enableUser(ctx, COMMAND_LINE, user)
  const forgotten = await unlockUser(ctx, COMMAND_LINE, user)
  const { id, username } = user
  const isActive = user.isActive || enables
  report(given, surroundings, { id, username, counts_forgotten: forgotten, is_active: isActive }, [
    forgotten === 0
      ? `No wrong password of ${quoted(username)} was counted`
      : `Wrong passwords of ${quoted(username)} are forgotten`,
    ...(enables ? ['The account is enabled'] : []),
    ...(isActive ? [] : ['The account is disabled: add --enable']),
  ])
}

async function requireUser(ctx: Context, name: string): Promise<User> {
  const user = await findUserByUsername(ctx, name)
  if (!user) throw new CommandRefusal(`there is no user ${quoted(name)}`)
  return user
}
