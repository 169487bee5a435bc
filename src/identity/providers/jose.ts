/** What is used of the package, which would be twice as large as a whole. */
export { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose'
