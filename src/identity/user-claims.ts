/**
 * What a client learns about a user, by scope (OpenID Connect Core §5.4): the one source of userinfo and ID tokens, so
 * that the two can never disagree.
 */
import type { User } from './users'

/** The columns claims are made of. */
export type DescribedUser = Pick<User, 'username' | 'fullName' | 'avatarUrl' | 'email' | 'emailVerified' | 'updatedAt'>

export interface UserClaims {
  readonly name?: string
  readonly preferred_username?: string
  readonly picture?: string
  /** Seconds since the epoch. */
  readonly updated_at?: number
  readonly email?: string
  readonly email_verified?: boolean
}

/** `scopes` as granted. Name and address may be empty; a picture that is not there is left out. */
export const userClaims = (user: DescribedUser, scopes: readonly string[]): UserClaims => ({
  ...(scopes.includes('profile') && profileClaims(user)),
  ...(scopes.includes('email') && { email: user.email, email_verified: user.emailVerified }),
})

const profileClaims = (user: DescribedUser): UserClaims => ({
  name: user.fullName,
  preferred_username: user.username,
  ...(user.avatarUrl !== '' && { picture: user.avatarUrl }),
  updated_at: Math.floor(user.updatedAt.getTime() / 1000),
})
