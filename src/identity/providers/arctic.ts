/** What is used of the package: loaded as a whole, it would bring seventy providers along. */
export { CodeChallengeMethod, OAuth2Client, OAuth2Tokens } from 'arctic'
